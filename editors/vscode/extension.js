// Starts `pbx-connector lsp` for profiles; everything else is the server's work.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = () => {
  const settings = workspace.getConfiguration("pbx-connector");
  const server = { command: settings.get("command"), args: ["lsp"] };
  const documents = { documentSelector: [{ language: "yaml", pattern: settings.get("profiles") }] };
  client = new LanguageClient("pbx-connector", "pbx-connector", server, documents);
  return client.start();
};

exports.deactivate = () => client && client.stop();
