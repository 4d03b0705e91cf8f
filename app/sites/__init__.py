"""Stations (服务点) and their codes: what is scanned, and how a scanned code is judged.

A code is `<kind><kid>.<subject>.<step>.<mac>`, at most 32 characters of `0-9A-Za-z._~-`, so that it fits a
mini-program's `scene`; shown as the link `<PUBLIC_URL>/q/<code>`, so that any scanner opens a page that says what
to do with it.

- kind: `s` a station's code (shown by staff, scanned by members), `p` a member's pass (scanned by staff);
- kid: which of LINLI_CODE_KEYS signed it: the newest signs, all verify, so that keys rotate with overlap;
- subject: id of the site or person, base 36;
- step: the first second of the step in which it was made (Unix time, base 36). The moment and not its number:
  a step's length is a policy of the site's area and may change, and so no verifier has to guess it. A site's step
  is CODE_STEP_SECONDS of its area; a pass belongs to no area, its step is PASS_STEP_SECONDS everywhere;
- mac: the first 10 bytes of HMAC-SHA256 over everything before it, under a key of this kind of code alone.

Invariants: a code is good from its first second for its step and CODE_STEPS_TOLERATED more; it is used once per
person and direction (`code_use`), and only at one site.
"""
