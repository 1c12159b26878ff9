use plaza_db::statements;

statements! {
    /// A new group.
    INSERT = "INSERT INTO group_conversation (conversation_id, manager_id, subject, description, picture, invite_code,
        is_approval_required, participants, requests, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8)";
    /// By its conversation.
    SELECT = "SELECT conversation_id, manager_id, subject, description, picture, invite_code, is_approval_required,
        participants, created_at FROM group_conversation WHERE conversation_id = $1";
    /// By its link.
    BY_CODE = "SELECT conversation_id, manager_id, subject, description, picture, invite_code, is_approval_required,
        participants, created_at FROM group_conversation WHERE invite_code = $1";
    /// What it is called and about.
    DESCRIBE = "UPDATE group_conversation SET subject = $2, description = $3, picture = $4 WHERE conversation_id = $1";
    /// Another link.
    SET_INVITE_CODE = "UPDATE group_conversation SET invite_code = $2 WHERE conversation_id = $1";
    /// One more, if there is a place.
    TAKE_PLACE = "UPDATE group_conversation SET participants = participants + 1
        WHERE conversation_id = $1 AND participants < $2";
    /// Somebody came.
    ENTER = "INSERT INTO conversation_member (account_id, conversation_id) VALUES ($1, $2)
        ON CONFLICT (account_id, conversation_id) DO NOTHING";
    /// One less.
    GIVE_PLACE = "UPDATE group_conversation SET participants = participants - 1 WHERE conversation_id = $1";
    /// Nobody sends before the group's leaves are those of its members.
    MARK_STALE = "UPDATE conversation SET is_device_list_stale = TRUE, devices_version = devices_version + 1
        WHERE conversation_id = $1";
    /// Somebody went.
    DELETE_MEMBER = "DELETE FROM conversation_member WHERE account_id = $1 AND conversation_id = $2";
    /// Somebody waits.
    INSERT_REQUEST = "INSERT INTO group_join_request (conversation_id, account_id, join_request_id, requested_at)
        VALUES ($1, $2, $3, $4) ON CONFLICT (conversation_id, account_id) DO NOTHING";
    /// One more who waits, if there is room.
    COUNT_REQUEST = "UPDATE group_conversation SET requests = requests + 1
        WHERE conversation_id = $1 AND requests < $2";
    /// One less.
    UNCOUNT_REQUEST = "UPDATE group_conversation SET requests = requests - 1 WHERE conversation_id = $1";
    /// Whether somebody waits.
    REQUEST_OF = "SELECT join_request_id, account_id, requested_at FROM group_join_request
        WHERE conversation_id = $1 AND account_id = $2";
    /// Who waits.
    REQUESTS = "SELECT join_request_id, account_id, requested_at FROM group_join_request
        WHERE conversation_id = $1 AND join_request_id > $2 ORDER BY join_request_id LIMIT $3";
    /// The end of a request.
    DELETE_REQUEST = "DELETE FROM group_join_request WHERE conversation_id = $1 AND join_request_id = $2
        RETURNING account_id";
    /// Removed by the manager while this link was good.
    NOTE_REMOVED = "INSERT INTO group_removed (conversation_id, account_id, invite_code) VALUES ($1, $2, $3)
        ON CONFLICT (conversation_id, account_id) DO UPDATE SET invite_code = excluded.invite_code";
    /// Whether this link is of no use to somebody.
    REMOVED_BY = "SELECT CAST(1 AS BIGINT) FROM group_removed
        WHERE conversation_id = $1 AND account_id = $2 AND invite_code = $3";
    /// They are in again.
    FORGET_REMOVED = "DELETE FROM group_removed WHERE conversation_id = $1 AND account_id = $2";
    /// The group goes.
    DELETE_GROUP = "DELETE FROM group_conversation WHERE conversation_id = $1";
    /// With who waits.
    DELETE_REQUESTS = "DELETE FROM group_join_request WHERE conversation_id = $1";
    /// With who was removed.
    DELETE_REMOVED = "DELETE FROM group_removed WHERE conversation_id = $1";
    /// With its members.
    DELETE_MEMBERS = "DELETE FROM conversation_member WHERE conversation_id = $1";
    /// With its leaves.
    DELETE_LEAVES = "DELETE FROM conversation_device WHERE conversation_id = $1";
    /// With its state.
    DELETE_STATE = "DELETE FROM conversation_state WHERE conversation_id = $1";
    /// With its receipts.
    DELETE_RECEIPTS = "DELETE FROM receipt WHERE conversation_id = $1";
    /// And the conversation itself.
    DELETE_CONVERSATION = "DELETE FROM conversation WHERE conversation_id = $1";
}
