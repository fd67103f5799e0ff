// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {Auth, IActs} from "../src/interfaces/IActs.sol";
import {IOrders} from "../src/interfaces/IOrders.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "../src/interfaces/IWarehouseReceipts.sol";
import {Roles} from "../src/libraries/Roles.sol";
import {Orders, Participants, Pledges, Receivables, WarehouseReceipts} from "./Contracts.sol";
import {Asserts} from "./Vm.sol";

/// @notice The five contracts, invented parties, and each act in its simplest form.
abstract contract World is Asserts {
    // Private keys of the invented parties.
    uint256 internal constant BUYER = 0xb1;
    uint256 internal constant SELLER = 0x5e;
    uint256 internal constant TIER2 = 0x72;
    uint256 internal constant LENDER = 0x1e;
    uint256 internal constant LENDER2 = 0x2e;
    uint256 internal constant KEEPER = 0x4e;
    uint256 internal constant BANK = 0xba;
    uint256 internal constant REGISTRAR = 0x4f;
    uint256 internal constant DISTRIBUTOR = 0xd1;
    uint256 internal constant STRANGER = 0xbad;

    uint256 internal constant START = 1_790_000_000; // in 2026
    uint32 internal constant MAX_TENOR = 184;
    uint64 internal constant FACE = 1_000_000_00;
    uint64 internal constant PART = 600_000_00;
    uint64 internal constant STOCK = 500_000;
    bytes32 internal constant ORDER = "order";
    bytes32 internal constant CLAIM = "claim";
    bytes32 internal constant GOODS = "goods";
    /// @dev As `over` says, of CLAIM and of GOODS.
    bytes32 internal constant PLEDGE =
        bytes32(bytes16(keccak256(abi.encode(CLAIM)) << 112)) | (bytes32(bytes16("pledge")) >> 128);
    bytes32 internal constant ON_GOODS =
        bytes32(bytes16(keccak256(abi.encode(GOODS)) << 112)) | (bytes32(bytes16("on goods")) >> 128);
    bytes32 internal constant ROOT = "root";
    uint8 internal constant RECEIVABLE = 1;
    uint8 internal constant WAREHOUSE = 2;

    /// @dev Of Governance: who admits, suspends, resumes and pauses.
    uint64 internal constant OPERATOR_ROLE = 1;
    AccessManager internal manager;
    Participants internal participants;
    Orders internal orders;
    Receivables internal receivables;
    WarehouseReceipts internal receipts;
    Pledges internal pledges;

    mapping(uint256 pk => uint32 party) internal partyOf;
    uint256 private _nonce;

    function setUp() public virtual {
        vm.warp(START);
        deploy();
        admit(BUYER, Roles.CORE);
        admit(SELLER, Roles.SUPPLIER);
        admit(TIER2, Roles.SUPPLIER);
        admit(LENDER, Roles.LENDER);
        admit(LENDER2, Roles.LENDER);
        admit(KEEPER, Roles.KEEPER);
        admit(BANK, Roles.BANK);
        admit(REGISTRAR, Roles.REGISTRAR);
        admit(DISTRIBUTOR, Roles.DISTRIBUTOR);
    }

    function deploy() internal {
        uint256 next = vm.getNonce(address(this));
        address participantsAt = vm.computeCreateAddress(address(this), next + 1);
        manager = AccessManager(create("Governance", abi.encode(address(this), participantsAt, uint32(0))));
        participants = Participants(create("Participants", abi.encode(manager)));
        address receivablesAt = vm.computeCreateAddress(address(this), next + 3);
        address pledgesAt = vm.computeCreateAddress(address(this), next + 5);
        orders = Orders(create("Orders", abi.encode(participants, receivablesAt)));
        receivables = Receivables(create("Receivables", abi.encode(participants, orders, pledgesAt, MAX_TENOR)));
        receipts = WarehouseReceipts(create("WarehouseReceipts", abi.encode(participants, pledgesAt)));
        pledges = Pledges(create("Pledges", abi.encode(participants, receivables, receipts)));
    }

    /// @dev Deploys what forge has compiled, without a copy of it in each test contract: half the compile time. Or the
    /// artifacts in this folder, if it is named: the long run is on the bytes that are committed.
    function create(string memory what, bytes memory args) internal returns (address where) {
        string memory folder = vm.envOr("CHAINFIN_ARTIFACTS", "");
        string memory from =
            bytes(folder).length == 0 ? string.concat(what, ".sol:", what) : string.concat(folder, "/", what, ".json");
        bytes memory code = abi.encodePacked(vm.getCode(from), args);
        assembly ("memory-safe") {
            where := create(0, add(code, 32), mload(code))
        }
        isTrue(where != address(0), what);
    }

    // Parties

    function admit(uint256 pk, uint32 roles) internal returns (uint32 id) {
        IParticipants.AdmitParams memory p = admission(pk, roles);
        id = participants.admit(p, joinProof(p, pk));
        partyOf[pk] = id;
    }

    function admission(uint256 pk, uint32 roles) internal pure returns (IParticipants.AdmitParams memory) {
        return IParticipants.AdmitParams(keccak256(abi.encode("commitment", pk)), roles, vm.addr(pk));
    }

    function joinProof(IParticipants.AdmitParams memory p, uint256 pk) internal returns (Auth memory) {
        return sign(
            pk,
            participants,
            "Join(bytes32 commitment,uint32 roles,address key,uint256 nonce,uint256 deadline)",
            abi.encode(p)
        );
    }

    function pause(uint8 kind) internal {
        participants.pause(IParticipants.PauseParams(1 << kind));
    }

    function suspend(uint256 pk) internal {
        participants.suspend(IParticipants.SuspendParams(partyOf[pk]));
    }

    /// @dev The key through which the party speaks that came in with `pk`. Here nobody changes it unasked.
    function keyOf(uint256 pk) internal view virtual returns (uint256) {
        return pk;
    }

    /// @dev The next call is sent by this party.
    function by(uint256 pk) internal {
        vm.prank(vm.addr(keyOf(pk)));
    }

    /// @dev What the new key of a party signs, whether it rotates or is recovered.
    function succession(uint256 pk, uint32 party, address oldKey, uint256 newKey) internal returns (Auth memory) {
        return sign(pk, participants, SUCCEED_TYPE, abi.encode(party, oldKey, vm.addr(newKey)));
    }

    string internal constant SUCCEED_TYPE =
        "Succeed(uint32 party,address oldKey,address newKey,uint256 nonce,uint256 deadline)";

    function rotate(uint256 from, uint256 to) internal {
        Auth memory proof = succession(to, partyOf[from], vm.addr(from), to);
        by(from);
        participants.rotateKey(IParticipants.RotateKeyParams(vm.addr(to)), proof);
    }

    // Signatures

    function fresh() internal returns (uint256) {
        return _nonce++;
    }

    /// @dev A party's signature over an act: `members` is the encoding of all but nonce and deadline.
    function sign(uint256 pk, IActs where, string memory typeString, bytes memory members)
        internal
        returns (Auth memory)
    {
        return signWith(pk, where, typeString, members, fresh(), block.timestamp);
    }

    function signWith(
        uint256 pk,
        IActs where,
        string memory typeString,
        bytes memory members,
        uint256 nonce,
        uint256 deadline
    ) internal view returns (Auth memory) {
        bytes32 structHash = keccak256(
            abi.encodePacked(keccak256(bytes(typeString)), members, abi.encode(nonce, deadline))
        );
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", where.domainSeparator(), structHash));
        uint256 key = keyOf(pk);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return Auth(vm.addr(key), nonce, deadline, abi.encodePacked(r, s, v));
    }

    // Orders

    function postOrder(bytes32 orderId, uint64 amount) internal {
        by(BUYER);
        orders.post(IOrders.PostParams(orderId, partyOf[SELLER], ROOT, amount, "CNY"));
    }

    function acknowledge(uint256 pk, bytes32 orderId) internal {
        IOrders.AcknowledgeParams memory p = IOrders.AcknowledgeParams(orderId, ROOT, orders.trailOf(orderId));
        by(pk);
        orders.acknowledge(p);
    }

    /// @dev Ordered, acknowledged, despatched and received in full.
    function deliver(bytes32 orderId, uint64 amount) internal {
        postOrder(orderId, amount);
        acknowledge(SELLER, orderId);
        by(SELLER);
        orders.despatch(IOrders.DespatchParams(orderId, ROOT, amount));
        by(BUYER);
        orders.receiveGoods(IOrders.ReceiveGoodsParams(orderId, ROOT, amount));
    }

    // Receivables

    function today() internal view returns (uint32) {
        return uint32(block.timestamp / 1 days);
    }

    function dueDay() internal pure returns (uint32) {
        return uint32(START / 1 days) + 90;
    }

    function pastDue() internal {
        vm.warp((uint256(dueDay()) + 1) * 1 days);
    }

    function invoice(bytes32 id, uint64 face) internal pure returns (IReceivables.IssueParams memory) {
        return IReceivables.IssueParams(id, ORDER, ROOT, face, dueDay());
    }

    function attest(IReceivables.IssueParams memory p) internal returns (Auth memory) {
        return attestBy(REGISTRAR, p);
    }

    function attestBy(uint256 pk, IReceivables.IssueParams memory p) internal returns (Auth memory) {
        return sign(
            pk,
            receivables,
            "Attest(bytes32 id,bytes32 orderId,bytes32 documentRoot,uint64 face,uint32 dueDay,bytes32 trail,uint256 nonce,uint256 deadline)",
            abi.encode(p, orders.trailOf(p.orderId))
        );
    }

    function issue(bytes32 id, uint64 face) internal {
        IReceivables.IssueParams memory p = invoice(id, face);
        Auth memory registrar = attest(p);
        by(SELLER);
        receivables.issue(p, registrar);
    }

    /// @dev A receivable on an order of its own, delivered in full.
    function issueOn(bytes32 orderId, bytes32 id, uint64 face) internal {
        deliver(orderId, face);
        IReceivables.IssueParams memory p = invoice(id, face);
        p.orderId = orderId;
        Auth memory registrar = attest(p);
        by(SELLER);
        receivables.issue(p, registrar);
    }

    /// @dev What the debtor of ORDER says to an invoice that was issued unchanged.
    function confirmation(bytes32 id, uint64 face) internal view returns (IReceivables.ConfirmParams memory) {
        return IReceivables.ConfirmParams(id, ORDER, partyOf[SELLER], ROOT, face, dueDay());
    }

    function confirm(bytes32 id, uint64 face) internal {
        by(BUYER);
        receivables.confirm(confirmation(id, face));
    }

    function confirmOn(bytes32 orderId, bytes32 id, uint64 face) internal {
        IReceivables.ConfirmParams memory p = confirmation(id, face);
        p.orderId = orderId;
        by(BUYER);
        receivables.confirm(p);
    }

    function withdraw(uint256 pk) internal {
        by(pk);
        receivables.cancel(IReceivables.CancelParams(CLAIM, ORDER, ROOT));
    }

    /// @dev Order delivered, receivable issued and confirmed.
    function confirmed() internal {
        deliver(ORDER, FACE);
        issue(CLAIM, FACE);
        confirm(CLAIM, FACE);
    }

    function settle(bytes32 pledgeId, uint64 amount, uint256 bankRef, uint256 payee) internal {
        by(BANK);
        receivables.settle(IReceivables.SettleParams(CLAIM, pledgeId, amount, bytes32(bankRef), partyOf[payee]));
    }

    function claim(bytes32 id) internal view returns (IReceivables.Receivable memory) {
        return receivables.receivable(id);
    }

    // Warehouse receipts

    function store() internal {
        by(KEEPER);
        receipts.issue(IWarehouseReceipts.IssueParams(GOODS, partyOf[DISTRIBUTOR], ROOT, STOCK));
    }

    string internal constant HAND_OUT_TYPE = "HandOut(bytes32 id,uint64 quantity,uint256 nonce,uint256 deadline)";
    string internal constant CORRECTION_TYPE =
        "Correction(bytes32 id,bytes32 documentRoot,uint64 found,uint256 nonce,uint256 deadline)";

    /// @dev The owner's order to hand goods out.
    function ordered(bytes32 id, uint64 quantity, uint256 owner) internal returns (Auth memory) {
        return sign(owner, receipts, HAND_OUT_TYPE, abi.encode(id, quantity));
    }

    /// @dev The owner says too that so much is there after all.
    function agreed(IWarehouseReceipts.CorrectParams memory p, uint256 owner) internal returns (Auth memory) {
        return sign(owner, receipts, CORRECTION_TYPE, abi.encode(p));
    }

    function handOut(bytes32 id, uint64 quantity, uint256 owner) internal {
        Auth memory order = ordered(id, quantity, owner);
        by(KEEPER);
        receipts.release(IWarehouseReceipts.ReleaseParams(id, quantity), order);
    }

    function recount(uint256 pk, uint64 missing, bytes32[] memory pledgeIds) internal {
        by(pk);
        receipts.recount(IWarehouseReceipts.RecountParams(GOODS, "count", missing, pledgeIds));
    }

    function named(bytes32 first) internal pure returns (bytes32[] memory ids) {
        ids = new bytes32[](1);
        ids[0] = first;
    }

    function named(bytes32 first, bytes32 second) internal pure returns (bytes32[] memory ids) {
        ids = new bytes32[](2);
        (ids[0], ids[1]) = (first, second);
    }

    // Pledges

    /// @dev The id of a pledge over this asset, by another way than the contracts': byte for byte.
    function over(bytes32 assetId, bytes16 own) internal pure returns (bytes32) {
        bytes memory id = new bytes(32);
        bytes32 hash = keccak256(abi.encode(assetId));
        for (uint256 i = 0; i < 16; ++i) {
            (id[i], id[16 + i]) = (hash[14 + i], own[i]);
        }
        return bytes32(id);
    }

    function offer(bytes32 pledgeId, uint8 kind, bytes32 assetId, uint64 amount)
        internal
        view
        returns (IPledges.PledgeParams memory)
    {
        return IPledges.PledgeParams(pledgeId, kind, assetId, amount, partyOf[LENDER], "loan", "decision", 0);
    }

    function grant(IPledges.PledgeParams memory p, uint256 pk) internal returns (Auth memory) {
        return sign(pk, pledges, GRANT_TYPE, abi.encode(p));
    }

    string internal constant GRANT_TYPE =
        "Grant(bytes32 pledgeId,uint8 assetKind,bytes32 assetId,uint64 amount,uint32 lender,bytes32 loanRef,bytes32 decisionHash,uint64 expiresAt,uint256 nonce,uint256 deadline)";

    string internal constant EXCHANGE_TYPE =
        "Exchange(bytes32 soldPledgeId,bytes32 goodsId,uint64 quantity,bytes32 pledgeId,bytes32 receivableId,uint64 amount,uint32 lender,bytes32 loanRef,bytes32 decisionHash,uint64 expiresAt,uint256 nonce,uint256 deadline)";

    function exchange(IPledges.SubstituteParams memory p, uint256 pk) internal returns (Auth memory) {
        return sign(pk, pledges, EXCHANGE_TYPE, abi.encode(p));
    }

    function take(IPledges.PledgeParams memory p, uint256 pledgor, uint256 lender) internal {
        Auth memory granted = grant(p, pledgor);
        by(lender);
        pledges.pledge(p, granted, "registry 1");
    }

    /// @dev PART of CLAIM (of SELLER) pledged to LENDER as PLEDGE.
    function pledged() internal {
        confirmed();
        take(offer(PLEDGE, RECEIVABLE, CLAIM, PART), SELLER, LENDER);
    }

    /// @dev Three fifths of GOODS pledged to LENDER as ON_GOODS.
    function goodsPledged() internal {
        store();
        take(offer(ON_GOODS, WAREHOUSE, GOODS, STOCK * 3 / 5), DISTRIBUTOR, LENDER);
    }
}
