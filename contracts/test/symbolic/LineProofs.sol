// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {Claim} from "../../src/libraries/Claims.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {Symbolic} from "./Symbolic.sol";

/// @notice What debtors use of their credit lines: confirmations draw, payments and credit notes give back.
/// @dev `any` stands for every debtor, the one in question among them.
contract LineProofs is Symbolic {
    struct Line {
        uint64 limit;
        uint64 used;
    }

    function line(uint32 debtor) private view returns (Line memory l) {
        (l.limit, l.used) = receivables.line(debtor);
    }

    /// @dev What this claim has to do with this debtor's line: all of `amount`, or nothing.
    function share(Claim c, uint32 any, uint64 amount) private pure returns (uint256) {
        return pick(both(c.lined(), c.debtor() == any), amount, 0);
    }

    /// @notice A confirmation draws its face on the line of its debtor alone, if that one is marked, and within the limit.
    function check_confirm__drawn(address who, IReceivables.ConfirmParams calldata p, uint32 time, uint32 any)
        external
    {
        Line memory a = line(any);
        // Before a confirmation none has drawn (ReceivableProofs.check_issue).
        vm.assume(!debt(p.id).c.lined());
        act(who, time);
        receivables.confirm(p);
        (Line memory b, Claim c) = (line(any), debt(p.id).c);
        uint256 drawn = share(c, any, p.face);
        assert(c.lined() == hasRole(who, Roles.LINED) && b.limit == a.limit);
        assert(b.used == uint256(a.used) + drawn && either(drawn == 0, b.used <= b.limit));
    }

    /// @notice A credit note gives back what it takes off a claim that drew, whoever is marked now, and of no other line.
    function check_credit__givenBack(address who, IReceivables.CreditParams calldata p, uint32 time, uint32 any)
        external
    {
        (Line memory a, Claim c) = (line(any), debt(p.id).c);
        act(who, time);
        receivables.credit(p);
        Line memory b = line(any);
        assert(b.limit == a.limit && uint256(b.used) + share(c, any, p.amount) == a.used);
    }

    /// @notice Likewise a payment, of the free part or of a pledged one.
    function check_settle__givenBack(address who, IReceivables.SettleParams calldata p, uint32 time, uint32 any)
        external
    {
        (Line memory a, Claim c) = (line(any), debt(p.id).c);
        act(who, time);
        receivables.settle(p);
        Line memory b = line(any);
        assert(b.limit == a.limit && uint256(b.used) + share(c, any, p.amount) == a.used);
    }
}
