// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {Signed} from "./Signed.sol";

/// @notice Who takes part: what is the operator's and what the party's own, and that a party has one key and a key one party.
/// @dev `key` and `id` stand for every key and every party; `paired` of the two is what the acts keep.
contract ParticipantProofs is Signed {
    uint256 private constant KEYS = 5;
    uint256 private constant COMMITMENTS = 6;
    uint256 private constant TAKEN = 7;
    uint256 private constant COUNT = 8;
    uint256 private constant PAUSES = 9;
    uint256 private constant SUSPENDED = 1 << 64;
    uint256 private constant LIVE = 1 << 65;
    bytes32 private constant JOIN =
        keccak256("Join(bytes32 commitment,uint32 roles,address key,uint256 nonce,uint256 deadline)");
    bytes32 private constant SUCCEED =
        keccak256("Succeed(uint32 party,address oldKey,address newKey,uint256 nonce,uint256 deadline)");

    /// @dev A key and a party, and what is stored of them.
    struct Pair {
        address key;
        uint32 id;
        uint256 word;
        address keyOf;
        bytes32 commitment;
    }

    function inside(bytes32 key, uint256 place) private view returns (uint256) {
        return slot(address(participants), key, place);
    }

    function number(uint256 place) private view returns (uint256) {
        return uint256(vm.load(address(participants), bytes32(place)));
    }

    function keyOf(uint32 id) private view returns (address) {
        return address(uint160(inside(bytes32(uint256(id)), KEYS)));
    }

    function pair(address key, uint32 id) private view returns (Pair memory) {
        return Pair(key, id, wordOf(key), keyOf(id), bytes32(inside(bytes32(uint256(id)), COMMITMENTS)));
    }

    /// @dev The key speaks for the party if and only if it is the party's key; parties are numbered from 1 to the count.
    function paired(Pair memory p) private view returns (bool) {
        bool speaks = both(p.word & LIVE != 0, uint32(p.word) == p.id);
        bool known = both(p.id != 0, p.id <= uint32(number(COUNT)));
        return both(speaks == both(p.key != address(0), p.keyOf == p.key), known == (p.keyOf != address(0)));
    }

    function assumed(address key, uint32 id) private view returns (Pair memory p) {
        p = pair(key, id);
        vm.assume(paired(p));
    }

    function same(Pair memory a, Pair memory b) private pure returns (bool) {
        return both(both(a.word == b.word, a.keyOf == b.keyOf), a.commitment == b.commitment);
    }

    /// @notice The views show what is stored, so the places are the right ones.
    function check_layout(address key, uint32 id, bytes32 commitment) external view {
        Pair memory p = pair(key, id);
        assert(participants.partyOf(key) == (p.word & LIVE != 0 ? uint32(p.word) : 0));
        assert(participants.partyByCommitment(commitment) == uint32(inside(commitment, TAKEN)));
        assert(participants.partyCount() == uint32(number(COUNT)) && participants.paused() == number(PAUSES));
        vm.assume(p.keyOf != address(0));
        IParticipants.Party memory party = participants.party(id);
        assert(party.key == p.keyOf && party.commitment == p.commitment);
        assert(party.roles == uint32(wordOf(p.keyOf) >> 32) && party.suspended == (wordOf(p.keyOf) & SUSPENDED != 0));
    }

    /// @notice New business is that of a live key, of a party that isn't suspended and more than an auditor, of a kind
    /// that isn't paused.
    function check_enter(address key, address second, uint8 kind) external view {
        (uint32 one, uint32 roles) = participants.enter(key, kind);
        uint256 word = wordOf(key);
        assert(word & LIVE != 0 && word & SUSPENDED == 0 && number(PAUSES) & (1 << kind) == 0);
        assert(one == uint32(word) && roles == uint32(word >> 32) && roles != Roles.AUDITOR);
        (uint32 a, uint32 b, uint32 c, uint32 d) = participants.enterBoth(key, second, kind);
        (uint32 two, uint32 theirs) = participants.actor(second);
        assert(a == one && b == roles && c == two && d == theirs && wordOf(second) & SUSPENDED == 0);
        assert(wordOf(second) & LIVE != 0 && two == uint32(wordOf(second)) && theirs != Roles.AUDITOR);
    }

    /// @notice Only the operator admits, a key that never spoke and proved itself, under a number and commitment never used.
    function check_admit(
        address who,
        IParticipants.AdmitParams calldata p,
        Sig calldata g,
        uint32 time,
        address key,
        uint32 id
    ) external {
        Pair memory a = assumed(key, id);
        uint32 next = uint32(number(COUNT)) + 1;
        assumed(key, next);
        assumed(p.key, id);
        uint256 before = wordOf(p.key);
        uint256 taken = inside(p.commitment, TAKEN);
        act(who, time);
        uint32 made = participants.admit(p, accountAuth(g));
        assert(operator(who, participants.admit.selector) && number(PAUSES) & (1 << Kinds.ADMIT) == 0);
        assert(
            g.signer == p.key && signed(address(participants), g, keccak256(abi.encode(JOIN, p, g.nonce, g.deadline)))
        );
        assert(before == 0 && p.key != address(0) && uint32(taken) == 0 && p.commitment != 0);
        assert(made == next && p.roles != 0 && p.roles & ~Roles.ALL == 0);
        assert(wordOf(p.key) == LIVE | (uint256(p.roles) << 32) | made && keyOf(made) == p.key);
        assert(uint32(inside(p.commitment, TAKEN)) == made);
        Pair memory b = pair(key, id);
        assert(paired(b));
        a.word = pick(key == p.key, b.word, a.word);
        a.keyOf = address(uint160(pick(id == made, uint160(p.key), uint160(a.keyOf))));
        a.commitment = bytes32(pick(id == made, uint256(p.commitment), uint256(a.commitment)));
        assert(same(a, b));
    }

    /// @notice Only the operator suspends, resumes and sets roles, and of that one party nothing else changes.
    function check_operate(address who, uint32 party, uint32 roles, uint8 which, uint32 time, address key, uint32 id)
        external
    {
        Pair memory a = assumed(key, id);
        address theirs = keyOf(party);
        uint256 word = wordOf(theirs);
        act(who, time);
        bytes4 selector;
        if (which == 0) {
            participants.suspend(IParticipants.SuspendParams(party));
            (selector, word) = (participants.suspend.selector, word | SUSPENDED);
        } else if (which == 1) {
            participants.resume(IParticipants.ResumeParams(party));
            (selector, word) = (participants.resume.selector, word & ~SUSPENDED);
        } else {
            participants.setRoles(IParticipants.SetRolesParams(party, roles));
            assert(roles != 0 && roles & ~Roles.ALL == 0);
            selector = participants.setRoles.selector;
            word = (word & ~(uint256(type(uint32).max) << 32)) | (uint256(roles) << 32);
        }
        assert(operator(who, selector) && theirs != address(0));
        Pair memory b = pair(key, id);
        a.word = pick(key == theirs, word, a.word);
        assert(same(a, b) && paired(b));
    }

    /// @notice Only the operator pauses, and nobody's key, roles or number change.
    function check_pause(address who, IParticipants.PauseParams calldata p, uint32 time, address key, uint32 id)
        external
    {
        Pair memory a = pair(key, id);
        uint256 count = number(COUNT);
        act(who, time);
        participants.pause(p);
        assert(operator(who, participants.pause.selector) && number(PAUSES) == p.kinds);
        assert(same(a, pair(key, id)) && number(COUNT) == count);
    }

    /// @notice Only the party itself changes its key, to one that never spoke; the old one never speaks again.
    function check_rotateKey(address who, address newKey, Sig calldata g, uint32 time, address key, uint32 id)
        external
    {
        Pair memory a = assumed(key, id);
        uint32 party = uint32(wordOf(who));
        (assumed(who, id), assumed(key, party), assumed(newKey, id), assumed(who, party));
        (uint256 word, uint256 before) = (wordOf(who), wordOf(newKey));
        act(who, time);
        participants.rotateKey(IParticipants.RotateKeyParams(newKey), accountAuth(g));
        assert(word & LIVE != 0 && keyOf(party) == newKey && newKey != address(0) && before == 0);
        moved(a, pair(key, id), who, newKey, party, word);
    }

    /// @notice The new key signed that it follows this key for this party, in time, once.
    function check_rotateKey__signed(address who, address newKey, Sig calldata g, uint32 time) external {
        Nonces memory a = nonces(address(participants), g, g.signer, g.nonce >> 8);
        uint32 party = uint32(wordOf(who));
        act(who, time);
        participants.rotateKey(IParticipants.RotateKeyParams(newKey), auth(g));
        assert(g.signer == newKey && time <= g.deadline);
        bytes32 succeed = keccak256(abi.encode(SUCCEED, party, who, newKey, g.nonce, g.deadline));
        assert(signed(address(participants), g, succeed));
        usedUp(address(participants), g, a, g.signer, g.nonce >> 8);
    }

    /// @notice Only the operator gives a party another key, in place of the one that it names as lost; the new one never
    /// spoke and proved itself.
    function check_recoverKey(address who, IParticipants.RecoverKeyParams calldata p, Sig calldata g, uint32 time)
        external
    {
        uint256 before = wordOf(p.newKey);
        address lost = keyOf(p.party);
        act(who, time);
        participants.recoverKey(p, auth(g));
        assert(operator(who, participants.recoverKey.selector) && p.newKey != address(0) && before == 0);
        assert(lost == p.oldKey);
        bytes32 succeed = keccak256(abi.encode(SUCCEED, p, g.nonce, g.deadline));
        assert(g.signer == p.newKey && signed(address(participants), g, succeed));
    }

    /// @notice The old key never speaks again, and no other key or party changes.
    function check_recoverKey__moved(
        address who,
        IParticipants.RecoverKeyParams calldata p,
        Sig calldata g,
        uint32 time,
        address key,
        uint32 id
    ) external {
        Pair memory a = assumed(key, id);
        address oldKey = keyOf(p.party);
        (assumed(oldKey, id), assumed(key, p.party), assumed(p.newKey, id), assumed(oldKey, p.party));
        uint256 word = wordOf(oldKey);
        act(who, time);
        participants.recoverKey(p, accountAuth(g));
        moved(a, pair(key, id), oldKey, p.newKey, p.party, word);
    }

    /// @dev Roles and suspension went from one key to the other, which is the party's now.
    function moved(Pair memory a, Pair memory b, address from, address to, uint32 party, uint256 word) private view {
        assert(wordOf(to) == word && wordOf(from) == word & ~LIVE);
        a.word = pick(a.key == to, word, pick(a.key == from, word & ~LIVE, a.word));
        a.keyOf = address(uint160(pick(a.id == party, uint160(to), uint160(a.keyOf))));
        assert(same(a, b) && paired(b));
    }

    /// @notice A key that has spoken for one party never speaks for another, nor again once it was rotated away.
    function check_keys(
        address who,
        address newKey,
        IParticipants.AdmitParams calldata p,
        Sig calldata g,
        uint8 which,
        address key
    ) external {
        uint256 a = wordOf(key);
        // Numbers begin at 1 (check_admit).
        vm.assume(uint32(a) != 0);
        vm.prank(who);
        if (which == 0) participants.rotateKey(IParticipants.RotateKeyParams(newKey), auth(g));
        else if (which == 1) participants.recoverKey(IParticipants.RecoverKeyParams(p.roles, p.key, newKey), auth(g));
        else participants.admit(p, auth(g));
        uint256 b = wordOf(key);
        assert(uint32(a) == uint32(b) && either(b & LIVE == 0, a & LIVE != 0));
    }

    /// @notice Nobody but the AccessManager itself puts another in its place.
    function check_setAuthority(address who, address next) external {
        vm.prank(who);
        (bool done,) = address(participants).call(abi.encodeWithSignature("setAuthority(address)", next));
        require(done);
        assert(who == address(foreign));
    }
}
