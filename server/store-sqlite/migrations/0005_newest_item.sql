-- The document's newest place follows its log, so that one statement, which is a transaction of its own, stores what was
-- pushed. SQLite carries out each statement at a turn of its thread, and turns are what pushes cost.
CREATE TRIGGER newest_item AFTER INSERT ON items
BEGIN
    UPDATE documents SET head = new.seq, chain = new.chain, max_op = max(max_op, new.max_op)
    WHERE id = new.doc;
END;
