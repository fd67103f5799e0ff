// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "../src/interfaces/IActs.sol";
import {IOrders} from "../src/interfaces/IOrders.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "../src/interfaces/IWarehouseReceipts.sol";
import {BatchHandler} from "./BatchHandler.sol";
import {HandlerBase} from "./HandlerBase.sol";
import {OrderHandler} from "./OrderHandler.sol";
import {PledgeHandler} from "./PledgeHandler.sol";
import {Replay} from "./Replay.sol";

/// @notice Ten parties and a stranger that do whatever they can think of, in any order, also what isn't theirs to do.
/// @dev Never reverts: an act may be refused, and what must not happen is written down (`trespass`, `trapped`). What an act
/// may do is judged by what the events told before it, never by what the contracts store.
contract Handler is OrderHandler, BatchHandler, PledgeHandler {
    function setUp() public override {
        super.setUp();
        order(1, FACE);
    }

    // Receivables

    function issueClaim(uint256 seed, uint64 face) external logged {
        bytes32 orderId = _orderId(seed);
        bool again = seed % 7 == 0;
        IOrders.Order memory o = replay.order(orderId);
        // Two times in three what can still be invoiced: else hardly one would be issued.
        uint64 most = seed % 3 > 0 && o.received > o.invoiced ? o.received - o.invoiced : FACE / 4;
        IReceivables.IssueParams memory p = IReceivables.IssueParams(
            again ? _claimId(seed) : _next(), orderId, ROOT, uint64(bound(face, 1, most)), today() + 30
        );
        Auth memory registrar = attest(p);
        uint256 pk = _actor(SELLER, seed);
        IReceivables.ReceivableState state = replay.claim(p.id).state;
        bool sound = state == IReceivables.ReceivableState.None || state == IReceivables.ReceivableState.Cancelled;
        by(pk);
        try receivables.issue(p, registrar) {
            _result("issue", pk == SELLER && sound);
        } catch {}
    }

    function confirmClaim(uint256 seed) external logged {
        bytes32 id = _claimIn(seed, IReceivables.ReceivableState.Issued);
        IReceivables.Receivable memory c = replay.claim(id);
        uint256 pk = _actor(_holderKey(c.debtor), seed);
        bool wrong = seed % 9 == 0;
        IReceivables.ConfirmParams memory p = IReceivables.ConfirmParams(
            id, wrong ? replay.orderIds(0) : replay.orderOf(id), replay.sellerOf(id), ROOT, c.face, c.dueDay
        );
        bool sound = p.orderId == replay.orderOf(id) && c.state == IReceivables.ReceivableState.Issued;
        by(pk);
        try receivables.confirm(p) {
            _result("confirm", _is(pk, c.debtor) && sound);
        } catch {}
    }

    function cancelClaim(uint256 seed) external logged {
        bytes32 id = _claimIn(seed, IReceivables.ReceivableState.Issued);
        IReceivables.Receivable memory c = replay.claim(id);
        uint32 seller = replay.sellerOf(id);
        uint256 pk = _actor(_holderKey(seller), seed);
        bytes32 orderId = replay.orderOf(id);
        bool due = _is(pk, seller) && !c.confirmed && c.free > 0;
        by(pk);
        try receivables.cancel(IReceivables.CancelParams(id, orderId, ROOT)) {
            _result("cancel", due);
        } catch {
            _refused("cancel", due);
        }
    }

    function disputeClaim(uint256 seed, bool back) external logged {
        bool early = seed % 2 == 0;
        bytes32 id = back
            ? _disputed
            : _claimIn(seed, early ? IReceivables.ReceivableState.Issued : IReceivables.ReceivableState.Confirmed);
        IReceivables.Receivable memory c = replay.claim(id);
        uint256 pk = _actor(_holderKey(c.debtor), seed);
        if (!back && seed % 3 != 0) return; // else half of them would be in dispute
        bool due = _is(pk, c.debtor);
        if (back) {
            due = due && c.state == IReceivables.ReceivableState.Disputed;
            by(pk);
            try receivables.resolveDispute(IReceivables.ResolveDisputeParams(id)) {
                _result("resolve", due);
            } catch {
                _refused("resolve", due);
            }
        } else {
            bool open = c.state == IReceivables.ReceivableState.Confirmed && (c.free > 0 || c.pledged > 0);
            due = due && (open || c.state == IReceivables.ReceivableState.Issued);
            by(pk);
            try receivables.dispute(IReceivables.DisputeParams(id, ROOT)) {
                _result("dispute", due);
                _disputed = id;
            } catch {
                _refused("dispute", due);
            }
        }
    }

    function creditClaim(uint256 seed, uint64 amount) external logged {
        bytes32 id = _claimIn(seed, IReceivables.ReceivableState.Confirmed);
        IReceivables.Receivable memory c = replay.claim(id);
        uint256 pk = _actor(_holderKey(c.holder), seed);
        amount = uint64(bound(amount, 1, FACE / 16));
        bool due = _is(pk, c.holder) && c.confirmed && amount <= c.free;
        by(pk);
        try receivables.credit(IReceivables.CreditParams(id, ROOT, amount)) {
            _result("credit", due);
        } catch {
            _refused("credit", due);
        }
    }

    function splitClaim(uint256 seed, uint64 first, uint64 second) external logged {
        bytes32 id = _claimIn(seed, IReceivables.ReceivableState.Confirmed);
        IReceivables.Receivable memory c = replay.claim(id);
        uint64[] memory amounts = new uint64[](2);
        amounts[0] = uint64(bound(first, 1, c.free / 2 + 1));
        amounts[1] = uint64(bound(second, 1, c.free / 2 + 1));
        uint256 pk = _actor(_holderKey(c.holder), seed);
        by(pk);
        try receivables.split(IReceivables.SplitParams(id, amounts)) {
            bool sound = c.state == IReceivables.ReceivableState.Confirmed && c.free > 0;
            _result("split", _is(pk, c.holder) && sound);
        } catch {}
    }

    function transferClaim(uint256 seed, uint256 to) external logged {
        bytes32 id = _claimIn(seed, IReceivables.ReceivableState.Confirmed);
        IReceivables.Receivable memory c = replay.claim(id);
        uint256 pk = _actor(_holderKey(c.holder), seed);
        uint32 toParty = partyOf[to % 8 == 0 ? (to % 16 == 0 ? BUYER : BUYER2) : to % 2 == 0 ? SELLER : TIER2];
        by(pk);
        try receivables.transfer(IReceivables.TransferParams(id, toParty)) {
            bool sound = c.pledged == 0 && c.free > 0 && toParty != c.debtor;
            _result("transfer", _is(pk, c.holder) && sound);
        } catch {}
    }

    function settleFree(uint256 seed, uint64 amount) external logged {
        bytes32 id = _claimIn(seed, IReceivables.ReceivableState.Confirmed);
        IReceivables.Receivable memory c = replay.claim(id);
        uint256 pk = _actor(BANK, seed);
        amount = uint64(bound(amount, 1, FACE / 8));
        if (seed % 2 == 0 && amount > c.free && c.free > 0) amount = c.free;
        bool due = c.confirmed && amount <= c.free && pk == BANK;
        bytes32 ref = _next();
        by(pk);
        try receivables.settle(IReceivables.SettleParams(id, 0, amount, ref, c.holder)) {
            _result("settle", due);
            _usedRef = ref;
        } catch {
            _refused("settle", due);
        }
    }

    function settlePledged(uint256 seed, uint64 amount) external logged {
        bytes32 pledgeId = _livePledge(seed, RECEIVABLE);
        Replay.PledgeRow memory r = replay.row(pledgeId);
        uint256 pk = _actor(BANK, seed);
        amount = uint64(bound(amount, 1, FACE / 8));
        if (seed % 4 != 1 && amount > r.amount && r.amount > 0) amount = r.amount;
        uint32 payee = seed % 5 == 0 ? partyOf[SELLER] : r.lender;
        bool due = r.kind == RECEIVABLE && amount <= r.amount && payee == r.lender && pk == BANK;
        by(pk);
        try receivables.settle(IReceivables.SettleParams(r.assetId, pledgeId, amount, _next(), payee)) {
            _result("settle pledged", due);
        } catch {
            _refused("settle pledged", due);
        }
    }

    function declareDefault(uint256 seed) external logged {
        bytes32 id = _claimIn(seed, IReceivables.ReceivableState.Confirmed);
        IReceivables.Receivable memory c = replay.claim(id);
        uint256 pk = _actor(_holderKey(c.holder), seed);
        bool due = _is(pk, c.holder) && c.confirmed && c.state != IReceivables.ReceivableState.Defaulted;
        due = due && (c.free > 0 || c.pledged > 0) && today() > c.dueDay;
        by(pk);
        try receivables.declareDefault(IReceivables.DeclareDefaultParams(id)) {
            _result("default", due);
        } catch {
            _refused("default", due);
        }
    }

    // Goods

    function storeGoods(uint256 seed, uint64 quantity) external logged {
        uint256 pk = _actor(KEEPER, seed);
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
        uint256 pk = _actor(seed % 3 == 0 ? _holderKey(g.owner) : KEEPER, seed);
        if (seed % 3 == 0) {
            by(pk);
            try receipts.transfer(
                IWarehouseReceipts.TransferParams(id, partyOf[seed % 6 == 0 ? SELLER : DISTRIBUTOR])
            ) {
                _result("goods transfer", _is(pk, g.owner) && g.pledged == 0 && g.free > 0);
            } catch {}
        } else {
            uint256 orderer = _actor(_holderKey(g.owner), seed ^ 1);
            Auth memory order = ordered(id, quantity, orderer);
            bool due = _is(pk, g.keeper) && _is(orderer, g.owner) && quantity <= g.free;
            by(pk);
            try receipts.release(IWarehouseReceipts.ReleaseParams(id, quantity), order) {
                _result("goods release", due);
            } catch {
                _refused("goods release", due);
            }
        }
    }

    /// @dev Every other time it eats into the pledges. The list of them is mostly right, else short of one or backwards.
    function recountGoods(uint256 seed, uint64 missing) external logged {
        bytes32 id = _goodsId(seed);
        // A few tries for goods of which some are pledged: else hardly any would be.
        for (uint256 i = 0; i < 4 && replay.goods(id).pledged == 0; ++i) {
            id = _goodsId(uint256(keccak256(abi.encode(seed, i))));
        }
        IWarehouseReceipts.Receipt memory g = replay.goods(id);
        missing = uint64(bound(missing, 1, seed % 2 == 0 ? STOCK / 8 : uint256(g.free) + g.pledged + 1));
        bytes32[] memory ids = missing > g.free ? replay.liveOver(id) : new bytes32[](0);
        bool spoilt = (seed >> 8) % 4 == 0 && ids.length > 1;
        if (spoilt) {
            if ((seed >> 10) % 2 == 0) ids = named(ids[0]);
            else (ids[0], ids[ids.length - 1]) = (ids[ids.length - 1], ids[0]);
        }
        uint256 pk = _actor(KEEPER, seed);
        bool right = _is(pk, g.keeper) && !spoilt && missing <= uint256(g.free) + g.pledged;
        by(pk);
        try receipts.recount(IWarehouseReceipts.RecountParams(id, ROOT, missing, ids)) {
            _result(ids.length > 0 ? "shrink" : "recount", right);
        } catch {
            _refused("recount", right);
        }
    }

    function correctGoods(uint256 seed, uint64 found) external logged {
        bytes32 id = _goodsId(seed);
        IWarehouseReceipts.Receipt memory g = replay.goods(id);
        found = uint64(bound(found, 1, uint256(g.missing) + 1));
        uint256 pk = _actor(KEEPER, seed);
        uint256 agreeing = _actor(_holderKey(g.owner), seed ^ 1);
        IWarehouseReceipts.CorrectParams memory p = IWarehouseReceipts.CorrectParams(id, ROOT, found);
        Auth memory agreement = agreed(p, agreeing);
        bool right = _is(pk, g.keeper) && _is(agreeing, g.owner) && found <= g.missing;
        by(pk);
        try receipts.correct(p, agreement) {
            _result("correct", right);
        } catch {
            _refused("correct", right);
        }
    }

    // The world around

    function govern(uint256 seed) external logged {
        seed = _mixed(seed);
        uint32 party = partyOf[_keys[(seed >> 8) % 10]];
        if (seed % 5 == 0) participants.pause(IParticipants.PauseParams(1 << (seed >> 16) % 8));
        else participants.pause(IParticipants.PauseParams(0));
        if (!participants.party(party).suspended && seed % 3 == 0) {
            participants.suspend(IParticipants.SuspendParams(party));
        } else if (participants.party(party).suspended) {
            participants.resume(IParticipants.ResumeParams(party));
        }
        _doneNow = true;
    }

    /// @dev Mostly to a new key; at times by one that was changed before, or to one that speaks already.
    function changeKey(uint256 seed) external logged {
        seed = _mixed(seed);
        uint256 pk = _keys[(seed >> 8) % 10];
        bool lost = (seed >> 24) % 3 == 0;
        uint256 from = seed % 4 == 0 && _spentKeys[pk] != 0 ? _spentKeys[pk] : keyOf(pk);
        bool taken = seed % 4 == 1 && !lost;
        uint256 to = taken ? keyOf(_keys[(seed >> 16) % 10]) : uint256(_next()) >> 1;
        bool sound = from == keyOf(pk) && !taken;
        Auth memory proof = succession(to, partyOf[pk], vm.addr(from), to);
        if (lost) {
            try participants.recoverKey(
                IParticipants.RecoverKeyParams(partyOf[pk], vm.addr(from), vm.addr(to)), proof
            ) {
                _keyChanged("recover key", pk, to, sound);
            } catch {}
        } else {
            vm.prank(vm.addr(from));
            try participants.rotateKey(IParticipants.RotateKeyParams(vm.addr(to)), proof) {
                _keyChanged("rotate key", pk, to, sound);
            } catch {
                _refused("rotate key", sound);
            }
        }
    }

    function _keyChanged(string memory act, uint256 pk, uint256 to, bool sound) private {
        _result(act, sound);
        (_spentKeys[pk], _newKeys[pk]) = (keyOf(pk), to);
    }

    function passTime(uint256 seed) external {
        vm.warp(block.timestamp + bound(_mixed(seed), 1, 8 days));
    }
}
