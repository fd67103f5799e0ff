// Run in the folder of what is built.
export default {
  input: 'openapi.json',
  output: { path: 'typescript/src', importFileExtension: '.js' },
  plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
};
