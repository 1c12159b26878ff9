//! The SQL of packs of stickers.

use plaza_db::statements;

statements! {
    /// The packs that were added.
    PACKS = "SELECT pack_key, title, access FROM sticker_pack WHERE NOT is_going ORDER BY created_at, pack_key";
    /// One of them.
    PACK = "SELECT pack_key, title, access FROM sticker_pack WHERE pack_key = $1 AND NOT is_going";
    /// Its stickers.
    STICKERS_OF = "
        SELECT pack_key, name, emoji, words, is_animated, bytes, blob_id
        FROM sticker WHERE pack_key = $1 ORDER BY position";
    /// The stickers of all.
    STICKERS = "
        SELECT s.pack_key, s.name, s.emoji, s.words, s.is_animated, s.bytes, s.blob_id
        FROM sticker s JOIN sticker_pack p ON p.pack_key = s.pack_key
        WHERE NOT p.is_going ORDER BY s.pack_key, s.position";
    /// Packs that somebody was given by name.
    GIVEN_PACKS = "SELECT DISTINCT p.pack_key FROM plan_grant g JOIN plan_pack p ON p.plan_key = g.plan_key
        WHERE g.holder = $1 AND (g.until IS NULL OR g.until > $2)";
    /// How many were added.
    COUNT_PACKS = "SELECT COUNT(*) FROM sticker_pack";
    /// A new pack, unless its key is taken.
    INSERT_PACK = "INSERT INTO sticker_pack (pack_key, title, access, is_going, created_at)
        VALUES ($1, $2, $3, FALSE, $4) ON CONFLICT DO NOTHING";
    /// One of its stickers.
    INSERT_STICKER = "
        INSERT INTO sticker (pack_key, name, position, emoji, words, is_animated, bytes, blob_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// Nobody sees it any more.
    HIDE_PACK = "UPDATE sticker_pack SET is_going = TRUE WHERE pack_key = $1";
    /// What lies in the store of files.
    FILES_OF_PACK = "SELECT blob_id FROM sticker WHERE pack_key = $1 ORDER BY position";
    /// After its files, its stickers; a pack that came in its place stays.
    DELETE_STICKERS = "DELETE FROM sticker WHERE pack_key = $1
        AND pack_key IN (SELECT pack_key FROM sticker_pack WHERE is_going)";
    /// And the pack.
    DELETE_PACK = "DELETE FROM sticker_pack WHERE pack_key = $1 AND is_going";
}
