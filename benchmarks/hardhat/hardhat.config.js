// A development node for benchmarks and tests: mines each transaction at once, as the embedded chain does.
module.exports = {
  networks: {
    hardhat: { chainId: 31337, hardfork: "prague", blockGasLimit: 100000000, loggingEnabled: false },
  },
};
