// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "../src/interfaces/IActs.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {Roles} from "../src/libraries/Roles.sol";
import {HandlerBase} from "./HandlerBase.sol";
import {Replay} from "./Replay.sol";
import {Vm} from "./Vm.sol";

/// @notice Batches, most of them with an item that has to be refused, and the lines that lenders set for debtors.
abstract contract BatchHandler is HandlerBase {
    uint256 private constant ITEMS = 3;

    /// @dev What must not be done of a batch, known beforehand. Only an item's own wrong counts, which no other item of the
    /// batch can heal; one may also be refused for what an earlier item did.
    struct Expected {
        bool[ITEMS] wrong;
        bool firstDue;
        bytes32[ITEMS] bankRefs;
    }

    // Lines

    /// @dev Two lenders, two debtors; one of the debtors is under a line only at times.
    function setLine(uint256 seed, uint64 limit) external logged {
        uint256 pk = _actor(seed % 3 == 0 ? LENDER2 : LENDER, seed);
        uint32 debtor = partyOf[(seed >> 8) % 2 == 0 ? BUYER : BUYER2];
        limit = uint64(bound(limit, 0, FACE));
        bool lower = limit < receivables.lineOf(partyOf[pk], debtor);
        by(pk);
        try receivables.setLine(IReceivables.SetLineParams(debtor, limit)) {
            bool marked = replay.rolesOf(debtor) & Roles.LINED != 0;
            _result("set line", lower || ((pk == LENDER || pk == LENDER2) && marked));
        } catch {}
    }

    function markDebtor(uint256 seed) external logged {
        uint32 roles = seed % 3 == 0 ? Roles.CORE : Roles.CORE | Roles.LINED;
        participants.setRoles(IParticipants.SetRolesParams(partyOf[BUYER], roles));
        _result("mark", true);
    }

    // Batches of receivables

    function issueSome(uint256 seed, uint64 face) external {
        IReceivables.IssueParams[] memory items = new IReceivables.IssueParams[](ITEMS);
        Expected memory e;
        for (uint256 i = 0; i < ITEMS; ++i) {
            items[i] = IReceivables.IssueParams(
                _next(),
                _orderId(uint256(keccak256(abi.encode(seed, i)))),
                ROOT,
                uint64(bound(face >> i, 1, FACE / 8)),
                today() + 30
            );
        }
        uint256 bad = (seed >> 8) % ITEMS;
        e.wrong[bad] = true;
        if (seed % 4 == 0) items[bad].orderId = "no order";
        else if (seed % 4 == 1) items[bad].face = FACE + 1;
        else if (seed % 4 == 2) items[bad].dueDay = today();
        else e.wrong[bad] = false;
        Auth memory registrar = attestAll(items);
        bytes32[] memory trails = trailsOf(items);
        uint256 pk = _actor(SELLER, seed);
        by(pk);
        try receivables.issueBatch(items, trails, registrar) returns (uint256 done_) {
            _told("issue batch", done_, pk == SELLER, e);
        } catch {
            _nothingTold();
        }
    }

    function confirmSome(uint256 seed) external {
        IReceivables.ConfirmParams[] memory items = new IReceivables.ConfirmParams[](ITEMS);
        Expected memory e;
        uint256 pk;
        for (uint256 i = 0; i < ITEMS; ++i) {
            bytes32 id = _claimId(uint256(keccak256(abi.encode(seed, i))));
            // A few tries for one that waits: else hardly a batch would confirm two.
            for (uint256 k = 0; k < 6 && replay.claim(id).state != IReceivables.ReceivableState.Issued; ++k) {
                id = _claimId(uint256(keccak256(abi.encode(seed, i, k))));
            }
            IReceivables.Receivable memory c = replay.claim(id);
            if (i == 0) pk = _actor(_holderKey(c.debtor), seed);
            items[i] = IReceivables.ConfirmParams(id, replay.orderOf(id), replay.sellerOf(id), ROOT, c.face, c.dueDay);
            e.wrong[i] = !_is(pk, c.debtor) || c.state != IReceivables.ReceivableState.Issued;
        }
        if (seed % 3 == 0) {
            uint256 bad = (seed >> 8) % ITEMS;
            items[bad].face += 1;
            e.wrong[bad] = true;
        }
        by(pk);
        try receivables.confirmBatch(items) returns (uint256 done_) {
            _told("confirm batch", done_, true, e);
        } catch {
            _nothingTold();
        }
    }

    /// @dev The first and the last of free parts, the second of a pledged one.
    function settleSome(uint256 seed, uint64 amount) external {
        IReceivables.SettleParams[] memory items = new IReceivables.SettleParams[](ITEMS);
        Expected memory e;
        for (uint256 i = 0; i < ITEMS; ++i) {
            uint256 pick = uint256(keccak256(abi.encode(seed, i)));
            (items[i], e.wrong[i]) = i == 1 ? _pledgedPayment(pick, amount) : _payment(pick, amount);
        }
        uint256 bad = (seed >> 8) % ITEMS;
        if (seed % 3 == 0) (items[bad].payee, e.wrong[bad]) = (partyOf[KEEPER], true);
        if (seed % 3 == 1 && _usedRef != 0) (items[bad].bankRef, e.wrong[bad]) = (_usedRef, true);
        uint256 pk = _actor(BANK, seed);
        e.firstDue = !e.wrong[0];
        for (uint256 i = 0; i < ITEMS; ++i) {
            e.bankRefs[i] = items[i].bankRef;
        }
        by(pk);
        try receivables.settleBatch(items) returns (uint256 done_) {
            _told("settle batch", done_, pk == BANK, e);
        } catch {
            if (pk == BANK) trapped = "settle batch";
            _nothingTold();
        }
    }

    function _payment(uint256 seed, uint64 amount) private returns (IReceivables.SettleParams memory, bool wrong) {
        bytes32 id = _claimId(seed);
        IReceivables.Receivable memory c = replay.claim(id);
        amount = uint64(bound(amount, 1, c.free < FACE / 8 ? uint256(c.free) + 1 : FACE / 8));
        return (IReceivables.SettleParams(id, 0, amount, _next(), c.holder), !c.confirmed || amount > c.free);
    }

    function _pledgedPayment(uint256 seed, uint64 amount)
        private
        returns (IReceivables.SettleParams memory, bool wrong)
    {
        bytes32 id = _pledgeId(seed);
        Replay.PledgeRow memory r = replay.row(id);
        amount = uint64(bound(amount, 1, r.amount < FACE / 8 ? uint256(r.amount) + 1 : FACE / 8));
        wrong = r.kind != RECEIVABLE || amount > r.amount;
        return (IReceivables.SettleParams(r.assetId, id, amount, _next(), r.lender), wrong);
    }

    // Batches of pledges

    function pledgeSome(uint256 seed, uint64 amount) external {
        IPledges.PledgeParams[] memory items = new IPledges.PledgeParams[](ITEMS);
        bytes32[] memory numbers = new bytes32[](ITEMS);
        Expected memory e;
        uint256 lender = seed % 2 == 0 ? LENDER : LENDER2;
        uint256 granter;
        for (uint256 i = 0; i < ITEMS; ++i) {
            uint256 pick = uint256(keccak256(abi.encode(seed, i)));
            uint32 holder;
            (items[i], holder, e.wrong[i]) = _offered(pick, i == 2, amount, partyOf[lender]);
            if (i == 0) granter = _actor(_holderKey(holder), seed ^ 1);
            if (holder != partyOf[granter]) e.wrong[i] = true;
            numbers[i] = "registry";
        }
        uint256 bad = (seed >> 8) % ITEMS;
        if (seed % 5 < 3) e.wrong[bad] = true;
        if (seed % 5 == 0) numbers[bad] = 0;
        if (seed % 5 == 1) items[bad].lender = partyOf[BANK];
        if (seed % 5 == 2) items[bad].amount = uint64(FACE) + STOCK;
        uint256 pk = _actor(lender, seed);
        Auth memory granted = grantAll(items, granter);
        by(pk);
        try pledges.pledgeBatch(items, granted, numbers) returns (uint256 done_) {
            _told("pledge batch", done_, pk == lender, e);
        } catch {
            _nothingTold();
        }
    }

    function _offered(uint256 seed, bool goods, uint64 amount, uint32 lender)
        private
        returns (IPledges.PledgeParams memory, uint32 holder, bool wrong)
    {
        bytes32 id = goods ? _goodsId(seed) : _claimId(seed);
        uint64 free = goods ? replay.goods(id).free : replay.claim(id).free;
        holder = goods ? replay.goods(id).owner : replay.claim(id).holder;
        amount = uint64(bound(amount, 1, uint256(free) + 1));
        wrong = amount > free || (!goods && replay.claim(id).state != IReceivables.ReceivableState.Confirmed);
        return (
            IPledges.PledgeParams(
                over(id, bytes16(_next())),
                goods ? WAREHOUSE : RECEIVABLE,
                id,
                amount,
                lender,
                "loan",
                "decision",
                uint64(0)
            ),
            holder,
            wrong
        );
    }

    function releaseSome(uint256 seed, uint64 amount) external {
        IPledges.ReleaseParams[] memory items = new IPledges.ReleaseParams[](ITEMS);
        Expected memory e;
        uint256 pk;
        for (uint256 i = 0; i < ITEMS; ++i) {
            bytes32 id = _pledgeId(uint256(keccak256(abi.encode(seed, i))));
            Replay.PledgeRow memory r = replay.row(id);
            if (i == 0) pk = _actor(_holderKey(r.lender), seed);
            uint64 part = uint64(bound(amount, 1, uint256(r.amount) + 1));
            items[i] = IPledges.ReleaseParams(id, r.assetId, part, 0, 0);
            e.wrong[i] = !_is(pk, r.lender) || part > r.amount;
        }
        if (seed % 3 == 0) {
            uint256 bad = (seed >> 8) % ITEMS;
            (items[bad].assetId, e.wrong[bad]) = ("another asset", true);
        }
        e.firstDue = !e.wrong[0];
        by(pk);
        try pledges.releaseBatch(items) returns (uint256 done_) {
            _told("release batch", done_, true, e);
        } catch {
            if (pk != STRANGER) trapped = "release batch";
            _nothingTold();
        }
    }

    /// @dev Every item is either done or named by an event; each that was wrong is among the named.
    function _told(string memory act, uint256 done_, bool allowed, Expected memory e) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        bool[ITEMS] memory named;
        uint256 refused;
        for (uint256 i = 0; i < logs.length; ++i) {
            // The two contracts' events of this name are the same.
            if (logs[i].topics[0] != IReceivables.ItemRefused.selector) continue;
            (uint256 index,) = abi.decode(logs[i].data, (uint256, bytes));
            named[index] = true;
            ++refused;
        }
        _withoutRefused(logs, named, e.bankRefs);
        replay.apply_(logs);
        allowed = (allowed || done_ == 0) && refused + done_ == ITEMS;
        for (uint256 i = 0; i < ITEMS; ++i) {
            if (e.wrong[i] && !named[i]) allowed = false;
        }
        if (e.firstDue && named[0]) trapped = act;
        if (done_ > 0) _result(act, allowed);
        else if (!allowed) trespass = act;
        if (done_ > 0 && refused > 0) done[string.concat(act, ", one refused")] += 1;
    }

    /// @dev forge records the logs of undone calls too: a payment that its pledge refused has told of itself before.
    function _withoutRefused(Vm.Log[] memory logs, bool[ITEMS] memory named, bytes32[ITEMS] memory bankRefs)
        private
        pure
    {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IReceivables.Settled.selector) continue;
            (, bytes32 bankRef,,) = abi.decode(logs[i].data, (uint64, bytes32, uint32, bool));
            for (uint256 k = 0; k < ITEMS; ++k) {
                if (named[k] && bankRefs[k] == bankRef) logs[i].emitter = address(0);
            }
        }
    }

    function _nothingTold() private {
        vm.getRecordedLogs();
    }
}
