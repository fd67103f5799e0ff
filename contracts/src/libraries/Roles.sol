// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Roles of a party, as bits of one uint32. A party may hold several.
/// @dev To order, sell, hold and owe takes no role: who may, is bound to the order and the asset. Supplier and distributor
/// are said for those who read the register.
library Roles {
    /// @dev Core enterprise (核心企业): undertakes to buy back goods.
    uint32 internal constant CORE = 1;
    /// @dev Supplier (供应商).
    uint32 internal constant SUPPLIER = 2;
    /// @dev Distributor (经销商).
    uint32 internal constant DISTRIBUTOR = 4;
    /// @dev Lender (资金方): takes pledges.
    uint32 internal constant LENDER = 8;
    /// @dev Warehouse keeper (仓储监管方): issues and releases warehouse receipts.
    uint32 internal constant KEEPER = 16;
    /// @dev Auditor (审计方): alone, it keeps a party from new business; no act asks for it.
    uint32 internal constant AUDITOR = 32;
    /// @dev Settlement bank: attests payments.
    uint32 internal constant BANK = 64;
    /// @dev Registrar: attests invoice fingerprints.
    uint32 internal constant REGISTRAR = 128;
    /// @dev A debtor whose confirmations draw on the credit lines that lenders set for it.
    uint32 internal constant LINED = 256;
    /// @dev Every defined bit; anything else is refused.
    uint32 internal constant ALL = 511;
}
