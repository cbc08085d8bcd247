// A mail server for as long as a test runs: it takes every letter, says yes to all, and finds the links.

import { createServer } from "node:net";

/** What quoted-printable and base64 (RFC 2045) stand for; links have no other letters. */
function decoded(letter) {
  const at = letter.indexOf("\n\n");
  const [head, body] = [letter.slice(0, at).toLowerCase(), letter.slice(at + 2)];
  if (head.includes("transfer-encoding: base64")) return Buffer.from(body, "base64").toString();
  if (!head.includes("transfer-encoding: quoted-printable")) return body;
  return body.replace(/=\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

/** Listens on this port; `link(to, part)` answers the newest link to `to` that has `part` in it. */
export async function mailServer(port) {
  const letters = []; // the newest first: [to, text]
  const server = createServer((socket) => {
    const say = (line) => socket.write(`${line}\r\n`);
    let rest = "", to = "", data = null;
    const hear = (line) => {
      if (data && line !== ".") return data.push(line.replace(/^\./, ""));
      if (data) {
        letters.unshift([to, decoded(data.join("\n"))]);
        data = null;
        return say("250 taken");
      }
      if (/^RCPT/i.test(line)) to = line.replace(/.*<(.*)>.*/, "$1");
      if (/^DATA/i.test(line)) data = [];
      say(data ? "354 go on" : /^QUIT/i.test(line) ? "221 bye" : "250 ok");
    };
    socket.setEncoding("utf8").on("error", () => {}).on("data", (more) => {
      const lines = (rest + more).split("\r\n");
      rest = lines.pop();
      lines.forEach(hear);
    });
    say("220 mail.example ESMTP");
  });
  await new Promise((ready) => server.listen(port, "127.0.0.1", ready));
  const links = (to) => letters.filter(([whom]) => whom === to).flatMap(([, text]) => text.match(/https?:\/\/\S+/g) ?? []);
  const link = (to, part) => links(to).find((one) => one.includes(part));
  return { link, close: () => server.close() };
}
