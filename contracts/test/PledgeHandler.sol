// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "../src/interfaces/IActs.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {HandlerBase} from "./HandlerBase.sol";
import {Replay} from "./Replay.sol";

/// @notice Pledges over receivables and goods, up to their end.
abstract contract PledgeHandler is HandlerBase {
    /// @dev Mostly of what is free; at times more, up to all there ever was, or nothing at all.
    function pledgePart(uint256 seed, uint64 amount, bool goods, bool expires) external logged {
        bytes32 id = goods ? _goodsId(seed) : _claimIn(seed, IReceivables.ReceivableState.Confirmed);
        uint32 holder = goods ? replay.goods(id).owner : replay.claim(id).holder;
        uint64 free = goods ? replay.goods(id).free : replay.claim(id).free;
        uint256 lender = seed % 2 == 0 ? LENDER : LENDER2;
        uint64 whole = goods ? replay.goods(id).issued : replay.claim(id).face;
        uint256 most = seed % 7 == 0 ? whole : uint256(free) + 1;
        IPledges.PledgeParams memory p = IPledges.PledgeParams(
            seed % 11 == 0 ? _pledgeId(seed) : over(id, bytes16(_next())),
            goods ? WAREHOUSE : RECEIVABLE,
            id,
            seed % 13 == 0 ? 0 : uint64(bound(amount, 1, most > 0 ? most : 1)),
            partyOf[lender],
            "loan",
            "decision",
            expires ? uint64(block.timestamp + (1 + (seed >> 50) % 20) * 1 days) : 0
        );
        uint256 granter = _actor(_holderKey(holder), seed ^ 1);
        uint256 pk = _actor(lender, seed);
        Auth memory granted = grant(p, granter);
        by(pk);
        try pledges.pledge(p, granted, "registry") {
            _result("pledge", pk == lender && _is(granter, holder) && p.amount <= free);
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
        // What has lapsed can't be drawn any more: mostly its pledgor ends it.
        if (draw && r.expiresAt != 0 && block.timestamp > r.expiresAt) draw = seed % 4 == 1;
        uint256 pk = _actor(_holderKey(draw ? r.lender : holder), seed);
        bool due = r.state == IPledges.PledgeState.Active && !r.drawn;
        if (draw) {
            due = due && _is(pk, r.lender) && block.timestamp <= r.expiresAt;
            by(pk);
            try pledges.draw(IPledges.DrawParams(id)) {
                _result("draw", due);
            } catch {
                _refused("draw", due);
            }
        } else {
            due = due && _is(pk, holder) && block.timestamp > r.expiresAt;
            by(pk);
            try pledges.expire(IPledges.ExpireParams(id, r.assetId)) {
                _result("expire", due);
            } catch {
                _refused("expire", due);
            }
        }
    }

    function releasePledge(uint256 seed, uint64 amount) external logged {
        bytes32 id = _livePledge(seed, 0);
        Replay.PledgeRow memory r = replay.row(id);
        uint256 pk = _actor(_holderKey(r.lender), seed);
        amount = uint64(bound(amount, 1, uint256(r.amount) + 1));
        // Mostly nothing has to stay, else about as much as does.
        uint64 keep = seed % 3 == 0 ? uint64(bound(seed >> 80, 0, uint256(r.amount) + 1)) : 0;
        bool right = _is(pk, r.lender) && amount <= r.amount && r.amount - amount >= keep;
        by(pk);
        try pledges.release(IPledges.ReleaseParams(id, r.assetId, amount, keep, 0)) {
            _result("release", right);
        } catch {
            _refused("release", right);
        }
    }

    function enforcePledge(uint256 seed) external logged {
        bytes32 id = _livePledge(seed, 0);
        Replay.PledgeRow memory r = replay.row(id);
        uint256 pk = _actor(_holderKey(r.lender), seed);
        bool right = r.state == IPledges.PledgeState.Active && r.drawn && _is(pk, r.lender)
            && (r.kind == WAREHOUSE || today() > replay.claim(r.assetId).dueDay);
        by(pk);
        try pledges.enforce(IPledges.EnforceParams(id, r.assetId)) {
            _result("enforce", right);
        } catch {
            _refused("enforce", right);
        }
    }

    function promiseAndBuyBack(uint256 seed, uint64 quantity) external logged {
        // Often the one that was promised last, or the one that isn't drawn: else hardly one would be bought back.
        bool lives = replay.row(_promised).state == IPledges.PledgeState.Active;
        bytes32 id = seed % 2 == 0 && lives ? _promised : _livePledge(seed, seed % 4 == 1 ? WAREHOUSE : 0);
        if (seed % 4 == 3 && replay.row(_undrawn).state == IPledges.PledgeState.Active) id = _undrawn;
        quantity = uint64(bound(quantity, 1, STOCK / 8));
        IPledges.Undertaking memory u = replay.undertaken(id, partyOf[BUYER]);
        if (u.amount == 0 || u.untilDay < today()) _promise(id, seed, quantity);
        else _buyBack(id, seed, quantity);
    }

    function _promise(bytes32 id, uint256 seed, uint64 quantity) private {
        Replay.PledgeRow memory r = replay.row(id);
        uint256 buyer = _actor(BUYER, seed);
        uint32 holder = r.kind == RECEIVABLE ? replay.claim(r.assetId).holder : replay.goods(r.assetId).owner;
        by(buyer);
        try pledges.undertake(IPledges.UndertakeParams(id, r.assetId, quantity, today() + 60, ROOT)) {
            bool core = buyer == BUYER || buyer == BUYER2;
            bool party = _is(buyer, r.lender) || _is(buyer, holder);
            _result("undertake", (core || r.kind == RECEIVABLE) && !party && quantity <= r.amount);
            if (buyer == BUYER && r.kind == WAREHOUSE) _promised = id;
        } catch {}
    }

    function _buyBack(bytes32 id, uint256 seed, uint64 quantity) private {
        Replay.PledgeRow memory r = replay.row(id);
        IPledges.Undertaking memory u = replay.undertaken(id, partyOf[BUYER]);
        uint256 pk = _actor(BANK, seed);
        uint64 most = u.amount < r.amount ? u.amount : r.amount;
        if (seed % 8 != 1 && most > 0) quantity = uint64(bound(quantity, 1, most));
        bool right = pk == BANK && quantity <= u.amount && quantity <= r.amount && r.drawn && today() <= u.untilDay;
        IReceivables.Receivable memory c = replay.claim(r.assetId);
        right = right && (r.kind == WAREHOUSE || (today() > c.dueDay && c.debtor != partyOf[BUYER]));
        by(pk);
        try pledges.buyBack(IPledges.BuyBackParams(id, r.assetId, partyOf[BUYER], quantity, _next(), 0)) {
            _result("buy back", right);
        } catch {
            _refused("buy back", right);
        }
    }

    function payOffPledge(uint256 seed) external logged {
        // It ends a whole pledge: seldom, or hardly one would live long enough for anything else.
        if (_mixed(seed) % 4 != 0) return;
        bytes32 id = _livePledge(seed, 0);
        Replay.PledgeRow memory r = replay.row(id);
        uint256 pk = _actor(BANK, seed);
        bool right = pk == BANK && r.drawn && r.state == IPledges.PledgeState.Active;
        by(pk);
        try pledges.payOff(IPledges.PayOffParams(id, r.assetId, "loan", _next())) {
            _result("pay off", right);
        } catch {
            _refused("pay off", right);
        }
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
        uint256 pk = _actor(_holderKey(r.lender), seed);
        by(pk);
        try pledges.substitute(p, granted, "registry") {
            bool sound = r.kind == WAREHOUSE && p.quantity <= r.amount && p.amount <= replay.claim(id).free;
            _result("substitute", _is(pk, r.lender) && _is(_holderKey(owner), replay.claim(id).holder) && sound);
        } catch {}
    }
}
