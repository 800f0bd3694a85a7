using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Pragmas;

/// <summary>What a PRAGMA answers; no columns when it answers nothing.</summary>
public sealed record PragmaResult(string[] ColumnNames, IReadOnlyList<SqlValue[]> Rows);

/// <summary>One PRAGMA that is being run.</summary>
/// <param name="Session">Whose.</param>
/// <param name="Whole">The transaction on all databases.</param>
/// <param name="Home">The database it is about: that which was written, or where the table or index is that it asks for, or main.</param>
/// <param name="Value">NULL where none was written.</param>
internal sealed record PragmaCall(Session Session, Transaction Whole, Schema Home, SqlValue Value)
{
    /// <summary>Whether a schema was written before the pragma's name.</summary>
    public bool IsQualified { get; init; }

    /// <summary>The transaction on <see cref="Home"/>.</summary>
    public Transaction Transaction => Whole.Of(Home);

    /// <summary>The database of <see cref="Home"/>.</summary>
    public Database Database => Session.Databases.First(one => one.Name == Whole.Schemas.NameOf(Home)).Database;

    public bool HasValue => !Value.IsNull;

    /// <summary>The value as text; empty without one.</summary>
    public string Text => HasValue ? SqlConvert.ToText(Value).DecodeText() : "";

    public long Integer => SqlConvert.ToInteger(Value);

    /// <summary>ON, YES, TRUE or a number other than 0.</summary>
    public bool IsOn => Text.ToUpperInvariant() is "ON" or "YES" or "TRUE" || (Value.IsNumeric && Integer != 0);
}

/// <summary>
/// PRAGMA ("PRAGMA Statements", sqlite.org/pragma.html): questions about the schema, fields of the file's header, settings, checks. One that
/// is not known does nothing and answers nothing, as in SQLite.
/// </summary>
public static class PragmaStatements
{
    /// <summary>Whether the pragma answers with rows also when a value is set.</summary>
    private enum Answers
    {
        Always,
        OnlyWithoutValue,
    }

    private sealed record Entry(string[] Columns, Answers Answers, Func<PragmaCall, IReadOnlyList<SqlValue[]>> Run)
    {
        /// <summary>For one that asks about a thing: whether a schema has it.</summary>
        public Func<Schema, string, bool>? IsThere { get; init; }
    }

    private static readonly Dictionary<string, Entry> s_entries = new(StringComparer.OrdinalIgnoreCase)
    {
        ["table_info"] = new(["cid", "name", "type", "notnull", "dflt_value", "pk"], Answers.Always, call => SchemaPragmas.TableInfo(call, hiddenToo: false)) { IsThere = HasTable },
        ["table_xinfo"] = new(["cid", "name", "type", "notnull", "dflt_value", "pk", "hidden"], Answers.Always, call => SchemaPragmas.TableInfo(call, hiddenToo: true)) { IsThere = HasTable },
        ["table_list"] = new(["schema", "name", "type", "ncol", "wr", "strict"], Answers.Always, SchemaPragmas.TableList),
        ["index_list"] = new(["seq", "name", "unique", "origin", "partial"], Answers.Always, IndexPragmas.IndexList) { IsThere = HasTable },
        ["index_info"] = new(["seqno", "cid", "name"], Answers.Always, call => IndexPragmas.IndexInfo(call, extended: false)) { IsThere = HasIndex },
        ["index_xinfo"] = new(["seqno", "cid", "name", "desc", "coll", "key"], Answers.Always, call => IndexPragmas.IndexInfo(call, extended: true)) { IsThere = HasIndex },
        ["foreign_key_list"] = new(["id", "seq", "table", "from", "to", "on_update", "on_delete", "match"], Answers.Always, SchemaPragmas.ForeignKeyList) { IsThere = HasTable },
        ["database_list"] = new(["seq", "name", "file"], Answers.Always, SchemaPragmas.DatabaseList),
        ["collation_list"] = new(["seq", "name"], Answers.Always, SchemaPragmas.CollationList),
        ["compile_options"] = new(["compile_options"], Answers.Always, _ => ListPragmas.Options()),
        ["function_list"] = new(["name", "builtin", "type", "enc", "narg", "flags"], Answers.Always, ListPragmas.Functions),
        ["module_list"] = new(["name"], Answers.Always, _ => ListPragmas.Modules()),
        ["pragma_list"] = new(["name"], Answers.Always, _ => [.. AllNames().Select(name => new[] { SqlValue.FromText(name) })]),
        ["user_version"] = new(["user_version"], Answers.OnlyWithoutValue, HeaderPragmas.UserVersion),
        ["application_id"] = new(["application_id"], Answers.OnlyWithoutValue, HeaderPragmas.ApplicationId),
        ["schema_version"] = new(["schema_version"], Answers.OnlyWithoutValue, HeaderPragmas.SchemaVersion),
        ["page_size"] = new(["page_size"], Answers.OnlyWithoutValue, HeaderPragmas.PageSize),
        ["page_count"] = new(["page_count"], Answers.Always, HeaderPragmas.PageCount),
        ["freelist_count"] = new(["freelist_count"], Answers.Always, HeaderPragmas.FreelistCount),
        ["encoding"] = new(["encoding"], Answers.OnlyWithoutValue, HeaderPragmas.Encoding),
        ["auto_vacuum"] = new(["auto_vacuum"], Answers.OnlyWithoutValue, HeaderPragmas.AutoVacuum),
        ["checksum_verification"] = new(["checksum_verification"], Answers.Always, HeaderPragmas.ChecksumVerification),
        ["journal_mode"] = new(["journal_mode"], Answers.Always, _ => SettingPragmas.JournalMode()),
        ["synchronous"] = new(["synchronous"], Answers.OnlyWithoutValue, SettingPragmas.Synchronous),
        ["commit_delay_us"] = new(["commit_delay_us"], Answers.Always, SettingPragmas.CommitDelay),
        ["memory_limit"] = new(["memory_limit"], Answers.Always, SettingPragmas.MemoryLimit),
        ["checkpoint_budget"] = new(["checkpoint_budget"], Answers.Always, SettingPragmas.CheckpointBudget),
        ["foreign_keys"] = new(["foreign_keys"], Answers.OnlyWithoutValue, SettingPragmas.ForeignKeys),
        ["defer_foreign_keys"] = new(["defer_foreign_keys"], Answers.OnlyWithoutValue, SettingPragmas.DeferForeignKeys),
        ["foreign_key_check"] = new(["table", "rowid", "parent", "fkid"], Answers.Always, ForeignKeyCheck.Run) { IsThere = HasTable },
        ["query_only"] = new(["query_only"], Answers.OnlyWithoutValue, SettingPragmas.QueryOnly),
        ["case_sensitive_like"] = new([], Answers.Always, SettingPragmas.CaseSensitiveLike),
        ["analysis_limit"] = new(["analysis_limit"], Answers.OnlyWithoutValue, _ => SettingPragmas.Fixed(0)),
        ["automatic_index"] = new(["automatic_index"], Answers.OnlyWithoutValue, _ => SettingPragmas.Fixed(1)),
        ["cache_spill"] = new(["cache_spill"], Answers.OnlyWithoutValue, _ => SettingPragmas.Fixed(0)),
        ["checkpoint_fullfsync"] = new(["checkpoint_fullfsync"], Answers.OnlyWithoutValue, _ => SettingPragmas.Fixed(0)),
        ["fullfsync"] = new(["fullfsync"], Answers.OnlyWithoutValue, _ => SettingPragmas.Fixed(0)),
        ["hard_heap_limit"] = new(["hard_heap_limit"], Answers.Always, _ => SettingPragmas.Fixed(0)),
        ["soft_heap_limit"] = new(["soft_heap_limit"], Answers.Always, _ => SettingPragmas.Fixed(0)),
        ["ignore_check_constraints"] = new(["ignore_check_constraints"], Answers.OnlyWithoutValue, _ => SettingPragmas.Fixed(0)),
        ["journal_size_limit"] = new(["journal_size_limit"], Answers.Always, _ => SettingPragmas.Fixed(-1)),
        ["locking_mode"] = new(["locking_mode"], Answers.Always, _ => SettingPragmas.Fixed("normal")),
        ["max_page_count"] = new(["max_page_count"], Answers.Always, _ => SettingPragmas.Fixed(Paging.Pager.MaxPageCount)),
        ["mmap_size"] = new(["mmap_size"], Answers.Always, _ => SettingPragmas.Fixed(0)),
        ["temp_store"] = new(["temp_store"], Answers.OnlyWithoutValue, _ => SettingPragmas.Fixed(2)),
        ["threads"] = new(["threads"], Answers.Always, _ => SettingPragmas.Fixed(0)),
        ["wal_autocheckpoint"] = new(["wal_autocheckpoint"], Answers.Always, _ => SettingPragmas.Fixed(0)),
        ["writable_schema"] = new(["writable_schema"], Answers.OnlyWithoutValue, _ => SettingPragmas.Fixed(0)),
        ["cell_size_check"] = new(["cell_size_check"], Answers.OnlyWithoutValue, _ => SettingPragmas.Fixed(0)),
        ["full_column_names"] = new(["full_column_names"], Answers.OnlyWithoutValue, _ => SettingPragmas.Fixed(0)),
        ["legacy_alter_table"] = new(["legacy_alter_table"], Answers.OnlyWithoutValue, _ => SettingPragmas.Fixed(0)),
        ["read_uncommitted"] = new(["read_uncommitted"], Answers.OnlyWithoutValue, _ => SettingPragmas.Fixed(0)),
        ["reverse_unordered_selects"] = new(["reverse_unordered_selects"], Answers.OnlyWithoutValue, _ => SettingPragmas.Fixed(0)),
        ["secure_delete"] = new(["secure_delete"], Answers.Always, _ => SettingPragmas.Fixed(0)),
        ["short_column_names"] = new(["short_column_names"], Answers.OnlyWithoutValue, _ => SettingPragmas.Fixed(1)),
        ["trusted_schema"] = new(["trusted_schema"], Answers.OnlyWithoutValue, _ => SettingPragmas.Fixed(1)),
        ["recursive_triggers"] = new(["recursive_triggers"], Answers.OnlyWithoutValue, SettingPragmas.RecursiveTriggers),
        ["cache_size"] = new(["cache_size"], Answers.OnlyWithoutValue, _ => SettingPragmas.CacheSize()),
        ["isolation"] = new(["isolation"], Answers.Always, SettingPragmas.Isolation),
        ["busy_timeout"] = new(["timeout"], Answers.Always, SettingPragmas.BusyTimeout),
        ["wal_checkpoint"] = new(["busy", "log", "checkpointed"], Answers.Always, SettingPragmas.WalCheckpoint),
        ["integrity_check"] = new(["integrity_check"], Answers.Always, call => CheckPragmas.Run(call, quick: false)),
        ["quick_check"] = new(["quick_check"], Answers.Always, call => CheckPragmas.Run(call, quick: true)),
    };

    /// <summary>The names of the result's columns, without running it; empty when it answers nothing.</summary>
    public static string[] ColumnsOf(PragmaStatement node) =>
        s_entries.TryGetValue(node.Name.Name, out Entry? entry) && (node.Value is null || entry.Answers == Answers.Always) ? entry.Columns : [];

    /// <summary>Runs it within <paramref name="transaction"/>, which becomes exclusive when a field of the header is set.</summary>
    /// <exception cref="SluiceException">A schema that is not there, or a setting that is refused by name.</exception>
    public static PragmaResult Execute(PragmaStatement node, Session session, Transaction transaction)
    {
        Schemas schemas = transaction.Schemas;
        Schema? written = node.Name.Schema is { } schema ? schemas.Require(schema) : null;
        if (!s_entries.TryGetValue(node.Name.Name, out Entry? entry))
        {
            return new PragmaResult([], []);
        }

        SqlValue value = node.Value is LiteralNode literal ? literal.Value : SqlValue.Null;
        IReadOnlyList<SqlValue[]> rows = entry.Run(CallOf(entry, session, transaction, written, value));
        string[] columns = ColumnsOf(node);
        return new PragmaResult(columns, columns.Length == 0 ? [] : rows);
    }

    /// <summary>PRAGMAs that may be asked as tables: those that change nothing when they are given a value, and those asked without one.</summary>
    internal static IEnumerable<(string Name, string[] Columns)> WithoutSideEffects() =>
        s_entries.Where(entry => entry.Key is not ("busy_timeout" or "wal_checkpoint" or "journal_mode")).Select(entry => (entry.Key, entry.Value.Columns));

    /// <summary>What such a PRAGMA answers; a value is only passed to one that takes it as a question.</summary>
    internal static IReadOnlyList<SqlValue[]> Rows(string name, Session session, Transaction transaction, in SqlValue value, string? schema)
    {
        Entry entry = s_entries[name];
        Schema? written = schema is null ? null : transaction.Schemas.Require(schema);
        return entry.Run(CallOf(entry, session, transaction, written, entry.Answers == Answers.Always ? value : SqlValue.Null));
    }

    private static PragmaCall CallOf(Entry entry, Session session, Transaction whole, Schema? written, SqlValue value)
    {
        Schemas schemas = whole.Schemas;
        Schema? found = written is not null || entry.IsThere is not { } isThere || value.IsNull ? written
            : schemas.Find(new QualifiedName(null, SqlConvert.ToText(value).DecodeText()), isThere);
        return new PragmaCall(session, whole, found ?? schemas.Main, value) { IsQualified = written is not null };
    }

    private static bool HasTable(Schema schema, string name) => schema.TryGetTable(name, out _) || schema.TryGetView(name, out _);

    private static bool HasIndex(Schema schema, string name) => schema.TryGetIndex(name, out _) || HasTable(schema, name);

    private static IEnumerable<string> AllNames() => s_entries.Keys.Order(StringComparer.Ordinal);
}
