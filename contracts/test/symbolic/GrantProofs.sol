// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPledges} from "../../src/interfaces/IPledges.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {Away} from "../../src/libraries/Aways.sol";
import {Claim, Claims} from "../../src/libraries/Claims.sol";
import {Entry} from "../../src/libraries/Entries.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {Stock} from "../../src/libraries/Stocks.sol";
import {Signed} from "./Signed.sol";

/// @notice What the pledgor grants by its signature, pledges and substitutions, and what a buyer undertakes.
contract GrantProofs is Signed {
    uint8 private constant RECEIVABLE = 1;
    uint8 private constant WAREHOUSE = 2;
    bytes32 private constant GRANT = keccak256(
        "Grant(bytes32 pledgeId,uint8 assetKind,bytes32 assetId,uint64 amount,uint32 lender,bytes32 loanRef,bytes32 decisionHash,uint64 expiresAt,uint256 nonce,uint256 deadline)"
    );

    bytes32 private constant EXCHANGE = keccak256(
        "Exchange(bytes32 soldPledgeId,bytes32 goodsId,uint64 quantity,bytes32 pledgeId,bytes32 receivableId,uint64 amount,uint32 lender,bytes32 loanRef,bytes32 decisionHash,uint64 expiresAt,uint256 nonce,uint256 deadline)"
    );

    bytes32 private constant ATTEST = keccak256(
        "Attest(bytes32 id,bytes32 orderId,bytes32 documentRoot,uint64 face,uint32 dueDay,bytes32 trail,uint256 nonce,uint256 deadline)"
    );

    struct Others {
        bytes32 debt;
        bytes32 goods;
        bytes32 pledge;
    }

    struct Seen {
        Debt debt;
        Goods goods;
        Entry sold;
        Debt otherDebt;
        Goods otherGoods;
        Entry otherPledge;
    }

    function seen(IPledges.SubstituteParams calldata p, Others calldata o) private view returns (Seen memory s) {
        (s.debt, s.goods, s.sold) = (debt(p.receivableId), goods(p.goodsId), entry(p.soldPledgeId));
        (s.otherDebt, s.otherGoods, s.otherPledge) = (debt(o.debt), goods(o.goods), entry(o.pledge));
    }

    /// @dev The grant or exchange is the pledgor's, signed for exactly these terms, neither withdrawn nor late; both may do
    /// business.
    function granted(address who, Sig calldata g, bytes32 structHash, uint32 lender, uint32 time) private view {
        assert(signed(address(pledges), g, structHash));
        bool used = noncesOf(address(pledges), g.signer, g.nonce >> 8) & (1 << (g.nonce & 255)) != 0;
        assert(all(!used, time <= g.deadline, open(who, Kinds.PLEDGE), open(g.signer, Kinds.PLEDGE)));
        assert(hasRole(who, Roles.LENDER));
        assert(both(partyOf(who) == lender, partyOf(g.signer) != lender));
    }

    /// @notice A pledge needs its lender to send it and the asset's holder to have signed its very terms.
    function check_pledge__granted(
        address who,
        IPledges.PledgeParams memory p,
        Sig calldata g,
        bytes32 registryNo,
        bool overGoods,
        uint32 time
    ) external {
        p.assetKind = overGoods ? WAREHOUSE : RECEIVABLE;
        uint32 holder = overGoods ? goods(p.assetId).s.owner() : debt(p.assetId).c.holder();
        act(who, time);
        pledges.pledge(p, auth(g), registryNo);
        granted(who, g, keccak256(abi.encode(GRANT, p, g.nonce, g.deadline)), p.lender, time);
        Entry made = entry(p.pledgeId);
        assert(partyOf(g.signer) == holder && made.lender() == p.lender && registryNo != 0);
        assert(tied(made, p.pledgeId, p.assetId));
    }

    /// @notice A receivable is issued by its order's seller with a registrar's signature over its fingerprint, order, document,
    /// face, due day and the order's trail; the registrar is another party.
    function check_issue__attested(address who, IReceivables.IssueParams calldata p, Sig calldata g, uint32 time)
        external
    {
        bytes32 trail = orders.trailOf(p.orderId);
        act(who, time);
        receivables.issue(p, auth(g));
        bytes32 structHash = keccak256(abi.encode(ATTEST, p, trail, g.nonce, g.deadline));
        assert(signed(address(receivables), g, structHash) && hasRole(g.signer, Roles.REGISTRAR));
        assert(partyOf(g.signer) != partyOf(who));
        bool used = noncesOf(address(receivables), g.signer, g.nonce >> 8) & (1 << (g.nonce & 255)) != 0;
        assert(all(!used, time <= g.deadline, open(who, Kinds.ISSUE), open(g.signer, Kinds.ISSUE)));
        assert(debt(p.id).c.tag() == Claims.tagOf(p.orderId, p.documentRoot, partyOf(who)));
        assert(orders.order(p.orderId).seller == partyOf(who));
    }

    /// @notice A substitution is one step: what leaves the old pledge is free goods, what enters the new one was free debt,
    /// of the same holder, for the same lender, as the holder signed it, goods and all; nothing is pledged twice and nothing
    /// else changes.
    function check_substitute(
        address who,
        IPledges.SubstituteParams calldata p,
        Sig calldata g,
        bytes32 registryNo,
        uint32 time,
        Others calldata o
    ) external {
        vm.assume(o.debt != p.receivableId && o.goods != p.goodsId);
        vm.assume(o.pledge != p.soldPledgeId && o.pledge != p.pledgeId);
        Seen memory a = seen(p, o);
        Entry unused = entry(p.pledgeId);
        vm.assume(conserved(a.goods) && a.goods.s.live() != 0);
        vm.assume(either(!a.debt.c.confirmed(), conserved(a.debt)));
        act(who, time);
        pledges.substitute(p, accountAuth(g), registryNo);
        granted(who, g, keccak256(abi.encode(EXCHANGE, p, g.nonce, g.deadline)), p.lender, time);
        uint32 holder = partyOf(g.signer);
        Seen memory b = seen(p, o);
        bool apart = Entry.unwrap(a.otherPledge) == Entry.unwrap(b.otherPledge);
        assert(all(a.goods.s.owner() == holder, a.debt.c.holder() == holder, a.sold.lender() == p.lender, apart));
        released(p, a, b);
        pledged(p, a, b, unused);
        assert(same(a.otherDebt, b.otherDebt) && same(a.otherGoods, b.otherGoods));
    }

    function released(IPledges.SubstituteParams calldata p, Seen memory a, Seen memory b) private pure {
        (Stock x, Stock y) = (a.goods.s, b.goods.s);
        bool bound = both(tied(a.sold, p.soldPledgeId, p.goodsId), tied(b.sold, p.soldPledgeId, p.goodsId));
        assert(all(a.sold.goods(), a.sold.isIn(IPledges.PledgeState.Active), bound, true));
        assert(all(p.quantity != 0, p.quantity <= a.sold.amount(), p.quantity <= x.pledged(), conserved(b.goods)));
        unchecked {
            assert(
                all(
                    b.sold.amount() == a.sold.amount() - p.quantity,
                    y.pledged() == x.pledged() - p.quantity,
                    uint256(y.free()) == uint256(x.free()) + p.quantity,
                    b.sold.lender() == a.sold.lender()
                )
            );
        }
        bool gone = both(b.goods.released == a.goods.released, b.goods.liquidated == a.goods.liquidated);
        assert(all(gone, y.owner() == x.owner(), y.issued() == x.issued(), y.keeper() == x.keeper()));
    }

    function pledged(IPledges.SubstituteParams calldata p, Seen memory a, Seen memory b, Entry unused) private view {
        Entry made = entry(p.pledgeId);
        (Claim x, Claim y) = (a.debt.c, b.debt.c);
        bool active = both(made.isIn(IPledges.PledgeState.Active), !made.goods());
        assert(all(Entry.unwrap(unused) == 0, made.amount() == p.amount, made.lender() == p.lender, active));
        assert(all(tied(made, p.pledgeId, p.receivableId), x.confirmed(), p.amount != 0, p.amount <= x.free()));
        bool away = Away.unwrap(a.debt.away) == Away.unwrap(b.debt.away);
        unchecked {
            bool moved = y.free() == x.free() - p.amount;
            assert(all(moved, uint256(y.pledged()) == uint256(x.pledged()) + p.amount, away, conserved(b.debt)));
        }
        assert(all(y.face() == x.face(), y.holder() == x.holder(), y.debtor() == x.debtor(), y.confirmed()));
    }

    /// @notice Whoever undertakes binds itself alone, to one promise at a time, until a day to come, to no more than the pledge; no other promise nor any pledge changes.
    function check_undertake(
        address who,
        IPledges.UndertakeParams calldata p,
        uint32 time,
        bytes32 pledgeId,
        uint32 buyer
    ) external {
        vm.assume(either(pledgeId != p.pledgeId, buyer != partyOf(who)));
        (Entry e, Entry another) = (entry(p.pledgeId), entry(pledgeId));
        (uint256 before, uint256 other) = (promised(p.pledgeId, partyOf(who)), promised(pledgeId, buyer));
        act(who, time);
        pledges.undertake(p);
        assert(open(who, Kinds.PLEDGE) && either(!e.goods(), hasRole(who, Roles.CORE)));
        assert(e.isIn(IPledges.PledgeState.Active) && p.amount != 0 && p.amount <= e.amount());
        uint256 today = uint256(time) / 1 days;
        // What was promised before was kept in full or has lapsed; how often it was called, is known on.
        assert(both(p.untilDay >= today, either(uint64(before) == 0, uint32(before >> 64) < today)));
        uint256 made = uint256(p.amount) | uint256(p.untilDay) << 64 | uint256(uint64(before >> 96)) << 96;
        assert(promised(p.pledgeId, partyOf(who)) << 96 == made << 96);
        assert(promised(pledgeId, buyer) == other);
        assert(
            Entry.unwrap(entry(p.pledgeId)) == Entry.unwrap(e) && Entry.unwrap(entry(pledgeId)) == Entry.unwrap(another)
        );
    }
}
