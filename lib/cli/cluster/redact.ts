/** What stands in place of a secret. */
const HIDDEN = "<secret>";

/**
 * Texts that look like a secret of somebody: the nodes have already taken out those that they know. A rule with a group keeps
 * what is before it. A path or a number is no secret.
 */
const SECRETS: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g,
  // Hugging Face, AWS, GitHub, OpenAI and those that copied it, Slack.
  /\bhf_[A-Za-z0-9]{20,}\b/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bgh[pousr]_[A-Za-z0-9]{20,}\b/g,
  /\bsk-[A-Za-z0-9_-]{20,}/g,
  /\bxox[abprs]-[A-Za-z0-9-]{10,}/g,
  /(\bBearer\s+)[A-Za-z0-9._~+/-]{8,}=*/g,
  /(X-Amz-(?:Signature|Security-Token|Credential)=)[^&\s"']+/gi,
  // The password of a URL.
  /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"']*:)[^\s/@"']+(?=@)/gi,
  /(\b[A-Z0-9_]*(?:TOKEN|SECRET|PASSWORD|PASSWD|API_KEY|ACCESS_KEY)["']?\s*[:=]\s*["']?)(?![/<\d])[^\s"',;}]{6,}/g,
  /(\b(?:password|passwd|api[_-]?key|access[_-]?token|auth[_-]?token|client[_-]?secret)["']?\s*[:=]\s*["']?)(?![/<])[^\s"',;}]{6,}/gi,
];

/** The text without what looks like a secret. */
export function redact(text: string): string {
  return SECRETS.reduce(
    (left, secret) =>
      left.replace(secret, (_, before: unknown) => `${typeof before === "string" ? before : ""}${HIDDEN}`),
    text,
  );
}
