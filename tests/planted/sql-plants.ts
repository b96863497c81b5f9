import type { SqlPlant } from "./plant";

const LOG = "tests/pg/log.pg.test.ts";
const READS = "tests/pg/reads.pg.test.ts";

/** Safeguards in the functions of the log. */
export const SQL_PLANTS: readonly SqlPlant[] = [
  {
    id: "repeat-judged-by-state",
    rule: "UI3",
    removed: "a repeat is answered before the state is looked at",
    sqlFunction: "send_message",
    find: "  SELECT * INTO v_known FROM messages WHERE id = p_id;",
    replace: `  SELECT status INTO v_status FROM consultations WHERE id = p_consultation;
  IF v_status <> 'IN_PROGRESS' THEN RETURN jsonb_build_object('outcome', 'consultation-not-in-progress'); END IF;
  SELECT * INTO v_known FROM messages WHERE id = p_id;`,
    witness: { file: LOG, test: "UI3 ID1 a repeat is answered with the message as it is now" },
  },
  {
    id: "head-not-locked",
    rule: "SEQ1",
    removed: "the number is chosen under the lock of the head row",
    sqlFunction: "take_turn",
    find: " FOR NO KEY UPDATE",
    replace: "",
    witness: { file: LOG, test: "SEQ1 numbers stay gapless in commit order" },
  },
  {
    id: "completion-not-checked",
    rule: "UI3",
    removed: "nothing is accepted unless in progress",
    sqlFunction: "send_message",
    find: "IF v_status <> 'IN_PROGRESS' THEN",
    replace: "IF false THEN",
    witness: { file: LOG, test: "F27 UI3 of a completion and messages in flight one wins" },
  },
  {
    id: "body-not-compared",
    rule: "ID1",
    removed: "a known id is a repeat only with the original body",
    sqlFunction: "send_message",
    find: "v_known.body_hash = p_body_hash",
    replace: "true",
    witness: { file: LOG, test: "ATK42 the same id with another body" },
  },
  {
    id: "author-not-compared",
    rule: "ID1",
    removed: "a known id is a repeat only from its author",
    sqlFunction: "send_message",
    find: "AND v_known.sender_id = p_user AND",
    replace: "AND",
    witness: { file: LOG, test: "ATK42 the same id with another body" },
  },
  {
    id: "left-may-send",
    rule: "UI4",
    removed: "who left takes no part",
    sqlFunction: "is_participant",
    find: " AND p.left_at IS NULL",
    replace: "",
    witness: { file: LOG, test: "UI4 A2 a person who left the consultation is a stranger" },
  },
  {
    id: "epoch-without-restores",
    rule: "RCV4",
    removed: "a restore makes another epoch",
    sqlFunction: "current_epoch",
    find: "(SELECT restores FROM log_identity)",
    replace: "1",
    witness: { file: READS, test: "RCV4 F39 db:restored makes another epoch" },
  },
  {
    id: "other-past-accepted",
    rule: "RCV4",
    removed: "another time at the last seq answers reset",
    sqlFunction: "read_events",
    find: "seq = p_after AND at <> p_after_at",
    replace: "false",
    witness: { file: READS, test: "RCV4 another epoch, a seq beyond the head" },
  },
  {
    id: "receipt-goes-back",
    rule: "RCV7",
    removed: "a position only grows",
    sqlFunction: "record_receipt",
    find: "greatest(read_up_to_seq, v_read)",
    replace: "v_read",
    witness: { file: READS, test: "RCV7 only grow" },
  },
  {
    id: "stale-lease-accepted",
    rule: "F33",
    removed: "the fence is compared before the cursor moves",
    sqlFunction: "advance_publication",
    find: "AND lease_fence = p_fence AND",
    replace: "AND",
    witness: { file: "tests/pg/relay.pg.test.ts", test: "F33 a holder that died is replaced" },
  },
];
