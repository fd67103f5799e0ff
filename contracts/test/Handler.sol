// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "../src/interfaces/IActs.sol";
import {IOrders} from "../src/interfaces/IOrders.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "../src/interfaces/IWarehouseReceipts.sol";
import {BatchHandler} from "./BatchHandler.sol";
import {Replay} from "./Replay.sol";

/// @notice Eleven parties that do whatever they can think of, in any order, also what isn't theirs to do.
/// @dev Never reverts: an act may be refused, and what must not happen is written down (`trespass`, `trapped`).
contract Handler is BatchHandler {
    function setUp() public override {
        super.setUp();
        order(FACE, 1);
    }

    // Orders

    function order(uint64 amount, uint256 seed) public logged {
        amount = uint64(bound(amount, 1, FACE));
        bytes32 id = _next();
        uint256 buyer = seed % 3 == 0 ? BUYER2 : BUYER;
        (bool open,) = address(participants)
            .staticcall(abi.encodeCall(IParticipants.enterBoth, (vm.addr(buyer), vm.addr(SELLER), 1)));
        if (!open) return;
        by(buyer);
        orders.post(IOrders.PostParams(id, partyOf[SELLER], ROOT, amount, "CNY"));
        orderIds.push(id);
        acknowledge(SELLER, id);
        uint64 sent = uint64(bound(seed, 1, amount));
        by(SELLER);
        orders.despatch(IOrders.DespatchParams(id, ROOT, sent));
        by(buyer);
        orders.receiveGoods(IOrders.ReceiveGoodsParams(id, ROOT, uint64(bound(seed >> 64, 1, sent))));
        done["order"] += 1;
    }

    // Receivables

    function issueClaim(uint256 seed, uint64 face) external logged {
        bytes32 orderId = orderIds[seed % orderIds.length];
        bool again = seed % 7 == 0;
        IReceivables.IssueParams memory p = IReceivables.IssueParams(
            again ? _claimId(seed) : _next(), orderId, ROOT, uint64(bound(face, 1, FACE / 4)), today() + 30
        );
        Auth memory registrar = attest(p);
        uint256 pk = _actor(SELLER, seed >> 16);
        by(pk);
        try receivables.issue(p, registrar) {
            _result("issue", pk == SELLER);
        } catch {}
    }

    function confirmClaim(uint256 seed) external logged {
        bytes32 id = _claimId(seed);
        IReceivables.Receivable memory c = replay.claim(id);
        uint256 pk = _actor(_holderKey(c.debtor), seed >> 16);
        bool wrong = seed % 9 == 0;
        IReceivables.ConfirmParams memory p = IReceivables.ConfirmParams(
            id, wrong ? orderIds[0] : replay.orderOf(id), replay.sellerOf(id), ROOT, c.face, c.dueDay
        );
        wrong = p.orderId != replay.orderOf(id);
        by(pk);
        try receivables.confirm(p) {
            _result("confirm", partyOf[pk] == c.debtor && !wrong);
        } catch {}
    }

    function cancelClaim(uint256 seed) external logged {
        bytes32 id = _claimId(seed);
        IReceivables.Receivable memory c = replay.claim(id);
        uint32 seller = replay.sellerOf(id);
        uint256 pk = _actor(_holderKey(seller), seed >> 16);
        bytes32 orderId = replay.orderOf(id);
        by(pk);
        try receivables.cancel(IReceivables.CancelParams(id, orderId, ROOT)) {
            _result("cancel", partyOf[pk] == seller && !c.confirmed);
        } catch {}
    }

    function disputeClaim(uint256 seed, bool back) external logged {
        bytes32 id = back ? _disputed : _claimId(seed);
        IReceivables.Receivable memory c = replay.claim(id);
        uint256 pk = _actor(_holderKey(c.debtor), seed >> 16);
        if (!back && seed % 3 != 0) return; // else half of them would be in dispute
        by(pk);
        if (back) {
            try receivables.resolveDispute(IReceivables.ResolveDisputeParams(id)) {
                _result("resolve", partyOf[pk] == c.debtor);
            } catch {}
        } else {
            try receivables.dispute(IReceivables.DisputeParams(id, ROOT)) {
                _result("dispute", partyOf[pk] == c.debtor && (!c.confirmed || c.free + c.pledged > 0));
                _disputed = id;
            } catch {}
        }
    }

    function creditClaim(uint256 seed, uint64 amount) external logged {
        bytes32 id = _claimId(seed);
        IReceivables.Receivable memory c = replay.claim(id);
        uint256 pk = _actor(_holderKey(c.holder), seed >> 16);
        by(pk);
        try receivables.credit(IReceivables.CreditParams(id, ROOT, uint64(bound(amount, 1, FACE / 16)))) {
            _result("credit", partyOf[pk] == c.holder);
        } catch {}
    }

    function splitClaim(uint256 seed, uint64 first, uint64 second) external logged {
        bytes32 id = _claimId(seed);
        IReceivables.Receivable memory c = replay.claim(id);
        uint64[] memory amounts = new uint64[](2);
        amounts[0] = uint64(bound(first, 1, c.free / 2 + 1));
        amounts[1] = uint64(bound(second, 1, c.free / 2 + 1));
        uint256 pk = _actor(_holderKey(c.holder), seed >> 16);
        by(pk);
        try receivables.split(IReceivables.SplitParams(id, amounts)) {
            _result("split", partyOf[pk] == c.holder && c.free > 0);
        } catch {}
    }

    function transferClaim(uint256 seed, uint256 to) external logged {
        bytes32 id = _claimId(seed);
        IReceivables.Receivable memory c = replay.claim(id);
        uint256 pk = _actor(_holderKey(c.holder), seed >> 16);
        uint32 toParty = partyOf[to % 8 == 0 ? (to % 16 == 0 ? BUYER : BUYER2) : to % 2 == 0 ? SELLER : TIER2];
        by(pk);
        try receivables.transfer(IReceivables.TransferParams(id, toParty)) {
            bool sound = c.pledged == 0 && c.free > 0 && toParty != c.debtor;
            _result("transfer", partyOf[pk] == c.holder && sound);
        } catch {}
    }

    function settleFree(uint256 seed, uint64 amount) external logged {
        bytes32 id = _claimId(seed);
        IReceivables.Receivable memory c = replay.claim(id);
        uint256 pk = _actor(BANK, seed >> 16);
        amount = uint64(bound(amount, 1, FACE / 8));
        if (seed % 2 == 0 && amount > c.free && c.free > 0) amount = c.free;
        bool due = c.confirmed && amount <= c.free && pk == BANK;
        bytes32 ref = _next();
        by(pk);
        try receivables.settle(IReceivables.SettleParams(id, 0, amount, ref, c.holder)) {
            _result("settle", pk == BANK && amount <= c.free);
            _usedRef = ref;
        } catch {
            if (due) trapped = "settle";
        }
    }

    function settlePledged(uint256 seed, uint64 amount) external logged {
        bytes32 pledgeId = _pledgeId(seed);
        Replay.PledgeRow memory r = replay.row(pledgeId);
        uint256 pk = _actor(BANK, seed >> 16);
        amount = uint64(bound(amount, 1, FACE / 8));
        if (seed % 2 == 0 && amount > r.amount && r.amount > 0) amount = r.amount;
        uint32 payee = seed % 5 == 0 ? partyOf[SELLER] : r.lender;
        bool due = r.kind == RECEIVABLE && amount <= r.amount && payee == r.lender && pk == BANK;
        by(pk);
        try receivables.settle(IReceivables.SettleParams(r.assetId, pledgeId, amount, _next(), payee)) {
            _result("settle pledged", due);
        } catch {
            if (due) trapped = "settle pledged";
        }
    }

    function declareDefault(uint256 seed) external logged {
        bytes32 id = _claimId(seed);
        IReceivables.Receivable memory c = replay.claim(id);
        uint256 pk = _actor(_holderKey(c.holder), seed >> 16);
        by(pk);
        try receivables.declareDefault(IReceivables.DeclareDefaultParams(id)) {
            _result("default", partyOf[pk] == c.holder && today() > c.dueDay);
        } catch {}
    }

    // Goods

    function storeGoods(uint256 seed, uint64 quantity) external logged {
        uint256 pk = _actor(KEEPER, seed >> 16);
        quantity = uint64(bound(quantity, 1, STOCK));
        by(pk);
        try receipts.issue(
            IWarehouseReceipts.IssueParams(_next(), partyOf[seed % 2 == 0 ? SELLER : DISTRIBUTOR], ROOT, quantity)
        ) {
            _result("store", pk == KEEPER);
        } catch {}
    }

    function moveGoods(uint256 seed, uint64 quantity) external logged {
        bytes32 id = _goodsId(seed);
        IWarehouseReceipts.Receipt memory g = replay.goods(id);
        quantity = uint64(bound(quantity, 1, STOCK / 8));
        uint256 pk = _actor(seed % 3 == 0 ? _holderKey(g.owner) : KEEPER, seed >> 16);
        by(pk);
        if (seed % 3 == 0) {
            try receipts.transfer(IWarehouseReceipts.TransferParams(id, partyOf[DISTRIBUTOR])) {
                _result("goods transfer", partyOf[pk] == g.owner && g.pledged == 0 && g.free > 0);
            } catch {}
        } else {
            try receipts.release(IWarehouseReceipts.ReleaseParams(id, quantity)) {
                _result("goods release", pk == KEEPER && quantity <= g.free);
            } catch {}
        }
    }

    /// @dev Every other time it eats into the pledges. The list of them is mostly right, else short of one or backwards.
    function recountGoods(uint256 seed, uint64 missing) external logged {
        bytes32 id = _goodsId(seed);
        IWarehouseReceipts.Receipt memory g = replay.goods(id);
        missing = uint64(bound(missing, 1, seed % 2 == 0 ? STOCK / 8 : uint256(g.free) + g.pledged + 1));
        bytes32[] memory ids = missing > g.free ? replay.liveOver(id) : new bytes32[](0);
        bool spoilt = (seed >> 8) % 4 == 0 && ids.length > 1;
        if (spoilt) {
            if ((seed >> 10) % 2 == 0) ids = named(ids[0]);
            else (ids[0], ids[ids.length - 1]) = (ids[ids.length - 1], ids[0]);
        }
        uint256 pk = _actor(KEEPER, seed >> 16);
        bool right = pk == KEEPER && !spoilt && missing <= g.free + g.pledged;
        by(pk);
        try receipts.recount(IWarehouseReceipts.RecountParams(id, ROOT, missing, ids)) {
            _result(ids.length > 0 ? "shrink" : "recount", right);
        } catch {
            if (right) trapped = "recount";
        }
    }

    // Pledges

    function pledgePart(uint256 seed, uint64 amount, bool goods, bool expires) external logged {
        bytes32 id = goods ? _goodsId(seed) : _claimId(seed);
        uint32 holder = goods ? replay.goods(id).owner : replay.claim(id).holder;
        uint64 free = goods ? replay.goods(id).free : replay.claim(id).free;
        uint256 lender = seed % 2 == 0 ? LENDER : LENDER2;
        IPledges.PledgeParams memory p = IPledges.PledgeParams(
            seed % 11 == 0 ? _pledgeId(seed) : over(id, bytes16(_next())),
            goods ? WAREHOUSE : RECEIVABLE,
            id,
            uint64(bound(amount, 1, uint256(free) + 1)),
            partyOf[lender],
            "loan",
            "decision",
            expires ? uint64(block.timestamp + (1 + (seed >> 50) % 20) * 1 days) : 0
        );
        uint256 granter = _actor(_holderKey(holder), seed >> 32);
        uint256 pk = _actor(lender, seed >> 16);
        Auth memory granted = grant(p, granter);
        by(pk);
        try pledges.pledge(p, granted, "registry") {
            _result("pledge", pk == lender && partyOf[granter] == holder && p.amount <= free);
            Replay.PledgeRow memory last = replay.row(_undrawn);
            bool open = last.state == IPledges.PledgeState.Active && !last.drawn;
            if (expires && !open) _undrawn = p.pledgeId;
        } catch {}
    }

    function drawOrExpire(uint256 seed, bool draw) external logged {
        // Mostly the one that is still to be drawn: else hardly one would be in time.
        bytes32 id = seed % 4 == 0 ? _pledgeId(seed) : _undrawn;
        Replay.PledgeRow memory r = replay.row(id);
        uint32 holder = r.kind == RECEIVABLE ? replay.claim(r.assetId).holder : replay.goods(r.assetId).owner;
        uint256 pk = _actor(_holderKey(draw ? r.lender : holder), seed >> 16);
        by(pk);
        if (draw) {
            try pledges.draw(IPledges.DrawParams(id)) {
                _result("draw", partyOf[pk] == r.lender && !r.drawn);
            } catch {}
        } else {
            try pledges.expire(IPledges.ExpireParams(id, r.assetId)) {
                _result("expire", partyOf[pk] == holder && !r.drawn);
            } catch {}
        }
    }

    function releasePledge(uint256 seed, uint64 amount) external logged {
        bytes32 id = _pledgeId(seed);
        Replay.PledgeRow memory r = replay.row(id);
        uint256 pk = _actor(_holderKey(r.lender), seed >> 16);
        amount = uint64(bound(amount, 1, uint256(r.amount) + 1));
        bool right = r.lender != 0 && partyOf[pk] == r.lender && amount <= r.amount;
        by(pk);
        try pledges.release(IPledges.ReleaseParams(id, r.assetId, amount)) {
            _result("release", right);
        } catch {
            if (right) trapped = "release";
        }
    }

    function enforcePledge(uint256 seed) external logged {
        bytes32 id = _pledgeId(seed);
        Replay.PledgeRow memory r = replay.row(id);
        uint256 pk = _actor(_holderKey(r.lender), seed >> 16);
        bool right = r.state == IPledges.PledgeState.Active && r.drawn && partyOf[pk] == r.lender
            && (r.kind == WAREHOUSE || today() > replay.claim(r.assetId).dueDay);
        by(pk);
        try pledges.enforce(IPledges.EnforceParams(id, r.assetId)) {
            _result("enforce", right);
        } catch {
            if (right) trapped = "enforce";
        }
    }

    function promiseAndBuyBack(uint256 seed, uint64 quantity) external logged {
        // Every other time the one that was promised last: else hardly one would be bought back.
        bytes32 id = seed % 2 == 0 && _promised != 0 ? _promised : _pledgeId(seed);
        Replay.PledgeRow memory r = replay.row(id);
        quantity = uint64(bound(quantity, 1, STOCK / 8));
        if (pledges.undertakingOf(id, partyOf[BUYER]).untilDay == 0) {
            uint256 buyer = _actor(BUYER, seed >> 16);
            by(buyer);
            try pledges.undertake(IPledges.UndertakeParams(id, quantity, today() + 60, ROOT)) {
                bool core = buyer == BUYER || buyer == BUYER2;
                _result("undertake", (core || r.kind == RECEIVABLE) && quantity <= r.amount);
                if (buyer == BUYER && r.kind == WAREHOUSE) _promised = id;
            } catch {}
            return;
        }
        uint64 left = pledges.undertakingOf(id, partyOf[BUYER]).amount;
        uint256 pk = _actor(BANK, seed >> 16);
        if (seed % 2 == 0 && left > 0) quantity = uint64(bound(quantity, 1, left));
        by(pk);
        try pledges.buyBack(IPledges.BuyBackParams(id, r.assetId, partyOf[BUYER], quantity, _next())) {
            bool right = pk == BANK && quantity <= left && quantity <= r.amount && r.drawn;
            IReceivables.Receivable memory c = replay.claim(r.assetId);
            bool overdue = today() > c.dueDay && c.debtor != partyOf[BUYER];
            _result("buy back", right && (r.kind == WAREHOUSE || overdue));
        } catch {}
    }

    /// @dev Goods and receivables have one owner here only by transfer; the seller therefore stores some too.
    function sellGoods(uint256 seed, uint64 quantity, uint64 amount) external logged {
        bytes32 sold = _pledgeId(seed);
        Replay.PledgeRow memory r = replay.row(sold);
        bytes32 id = _claimId(seed >> 64);
        // A few tries for live goods and a receivable of the same party: else hardly one would be.
        for (uint256 i = 0; i < 8 && (r.kind != WAREHOUSE || r.amount == 0); ++i) {
            sold = _pledgeId(uint256(keccak256(abi.encode(seed, i))));
            r = replay.row(sold);
        }
        uint32 owner = replay.goods(r.assetId).owner;
        for (uint256 i = 0; i < 8 && replay.claim(id).holder != owner; ++i) {
            id = _claimId(uint256(keccak256(abi.encode(seed, i))));
        }
        IPledges.SubstituteParams memory p = IPledges.SubstituteParams({
            soldPledgeId: sold,
            goodsId: r.assetId,
            quantity: uint64(bound(quantity, 1, uint256(r.amount) + 1)),
            pledgeId: over(id, bytes16(_next())),
            receivableId: id,
            amount: uint64(bound(amount, 1, uint256(replay.claim(id).free) + 1)),
            lender: r.lender,
            loanRef: "loan",
            decisionHash: "decision",
            expiresAt: 0
        });
        Auth memory granted = exchange(p, _holderKey(owner));
        uint256 pk = _actor(_holderKey(r.lender), seed >> 16);
        by(pk);
        try pledges.substitute(p, granted, "registry") {
            _result("substitute", partyOf[pk] == r.lender && owner == replay.claim(id).holder && r.kind == WAREHOUSE);
        } catch {}
    }

    // The world around

    function govern(uint256 seed) external {
        uint32 party = partyOf[_keys[(seed >> 8) % 10]];
        if (seed % 5 == 0) participants.pause(IParticipants.PauseParams(1 << (seed >> 16) % 8));
        else participants.pause(IParticipants.PauseParams(0));
        if (!participants.party(party).suspended && seed % 3 == 0) {
            participants.suspend(IParticipants.SuspendParams(party));
        } else if (participants.party(party).suspended) {
            participants.resume(IParticipants.ResumeParams(party));
        }
        vm.getRecordedLogs();
    }

    function passTime(uint256 seed) external {
        vm.warp(block.timestamp + bound(seed, 1, 8 days));
    }
}
