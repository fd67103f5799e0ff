"""What Ethereum asks for: ABIs, EIP-712 messages, keys, sign-in with a wallet (EIP-4361)."""
