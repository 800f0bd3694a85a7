namespace Sluice.Gateway.Cli.Sql;

/// <summary>The words of the language, for completion and for suggestions ("SQLite Keywords", sqlite.org/lang_keywords.html, and ours).</summary>
internal static class SqlWords
{
    private static readonly HashSet<string> s_keywords = new(Split("""
        ABORT ACTION ADD AFTER ALL ALTER ALWAYS ANALYZE AND AS ASC ATTACH AUTOINCREMENT BEFORE BEGIN BETWEEN BY CASCADE CASE CAST CHECK COLLATE
        COLUMN COMMIT CONCURRENT CONFLICT CONSTRAINT CREATE CROSS CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP DATABASE DEFAULT DEFERRABLE
        DEFERRED DELETE DESC DETACH DISTINCT DO DROP EACH ELSE END ESCAPE EXCEPT EXCLUDE EXCLUSIVE EXISTS EXPLAIN FAIL FILTER FIRST FOLLOWING FOR
        FOREIGN FROM FULL GENERATED GLOB GROUP GROUPS HAVING IF IGNORE IMMEDIATE IN INDEX INDEXED INITIALLY INNER INSERT INSTEAD INTERSECT INTO IS
        ISNULL JOIN KEY LAST LEFT LIKE LIMIT MATCH MATERIALIZED NATURAL NO NOT NOTHING NOTNULL NULL NULLS OF OFFSET ON OR ORDER OTHERS OUTER OVER
        PARTITION PLAN PRAGMA PRECEDING PRIMARY QUERY RAISE RANGE RECURSIVE REFERENCES REGEXP REINDEX RELEASE RENAME REPLACE RESTRICT RETURNING
        RIGHT ROLLBACK ROW ROWS SAVEPOINT SELECT SET STRICT TABLE TEMP TEMPORARY THEN TIES TO TRANSACTION TRIGGER UNBOUNDED UNION UNIQUE UPDATE
        USING VACUUM VALUES VIEW VIRTUAL WHEN WHERE WINDOW WITH WITHIN WITHOUT
        """), StringComparer.OrdinalIgnoreCase);

    public static IReadOnlyCollection<string> Keywords => s_keywords;

    public static IReadOnlyList<string> Functions { get; } = Split("""
        abs acos acosh asin asinh atan atan2 atanh avg ceil ceiling changes char coalesce concat concat_ws cos cosh count cume_dist date datetime
        degrees dense_rank exp first first_value floor format generate_series glob group_concat hex ifnull iif instr json json_array
        json_array_length json_each json_error_position json_extract json_group_array json_group_object json_insert json_object json_patch
        json_pretty json_quote json_remove json_replace json_set json_tree json_type json_valid jsonb julianday lag last last_insert_rowid
        last_value lead length like likely ln log log10 log2 lower ltrim max median min mod nth_value ntile nullif octet_length percent_rank
        percentile pow power printf quote radians random randomblob rank replace round row_number rtrim sign sin sinh sqlite_version sqrt stddev
        strftime string_agg substr substring sum tan tanh time time_bucket timediff total total_changes trim trunc typeof unhex unicode unistr
        unixepoch unlikely upper variance zeroblob
        """);

    public static IReadOnlyList<string> Pragmas { get; } = Split("""
        application_id busy_timeout cache_size case_sensitive_like checkpoint_budget checksum_verification collation_list commit_delay_us
        compile_options database_list defer_foreign_keys encoding foreign_key_check foreign_key_list foreign_keys freelist_count index_info
        index_list index_xinfo integrity_check isolation journal_mode memory_limit page_count page_size pragma_list query_only quick_check
        recursive_triggers schema_version synchronous table_info table_list table_xinfo user_version
        """);

    public static bool IsKeyword(string word) => s_keywords.Contains(word);

    private static string[] Split(string words) => words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
