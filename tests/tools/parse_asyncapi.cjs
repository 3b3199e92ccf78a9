// Reads an AsyncAPI document with the parser of AsyncAPI's makers: prints its findings and its operations as JSON.
const fs = require('node:fs');
const { Parser } = require('@asyncapi/parser');

new Parser().parse(fs.readFileSync(process.argv[2], 'utf8')).then(({ document, diagnostics }) => {
  const findings = diagnostics.map(({ severity, code, message }) => ({ severity, code, message }));
  const operations = document ? document.operations().all().map((one) => one.id()) : [];
  console.log(JSON.stringify({ findings, operations }));
});
