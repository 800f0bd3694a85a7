using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Pragmas;

/// <summary>What a PRAGMA answers; no columns when it answers nothing.</summary>
public sealed record PragmaResult(string[] ColumnNames, IReadOnlyList<SqlValue[]> Rows);

/// <summary>
/// PRAGMA ("PRAGMA Statements", sqlite.org/pragma.html): questions about the schema, fields of the file's header, settings, checks. One that
/// is not known does nothing and answers nothing, as in SQLite.
/// </summary>
public static class PragmaStatements
{
    /// <summary>How a PRAGMA may be asked, and what pragma_name() takes ("PRAGMA functions").</summary>
    [Flags]
    private enum Form
    {
        /// <summary>Cannot be asked as a table.</summary>
        Statement = 0,

        /// <summary>A question without a value.</summary>
        Bare = 1,

        /// <summary>A question with a value: the hidden column arg.</summary>
        Argument = 2,

        /// <summary>Of one of the databases: the hidden column schema.</summary>
        Schema = 4,

        /// <summary>With a value it sets something and answers nothing.</summary>
        Silent = 8,

        /// <summary>A switch: asked without a value, set with one.</summary>
        Switch = Bare | Silent,

        /// <summary>As a switch, of one of the databases.</summary>
        SchemaSwitch = Switch | Schema,
    }

    private sealed record Entry(string[] Columns, Form Form, Func<PragmaCall, IReadOnlyList<SqlValue[]>> Run)
    {
        /// <summary>For one that asks about a thing: whether a schema has it.</summary>
        public Func<Schema, string, bool>? IsThere { get; init; }

        public bool Has(Form form) => (Form & form) != 0;
    }

    private static readonly Dictionary<string, Entry> s_entries = new(StringComparer.OrdinalIgnoreCase)
    {
        ["table_info"] = new(["cid", "name", "type", "notnull", "dflt_value", "pk"], Form.Argument | Form.Schema, call => SchemaPragmas.TableInfo(call, hiddenToo: false)) { IsThere = HasTable },
        ["table_xinfo"] = new(["cid", "name", "type", "notnull", "dflt_value", "pk", "hidden"], Form.Argument | Form.Schema, call => SchemaPragmas.TableInfo(call, hiddenToo: true)) { IsThere = HasTable },
        ["table_list"] = new(["schema", "name", "type", "ncol", "wr", "strict"], Form.Argument, SchemaPragmas.TableList),
        ["index_list"] = new(["seq", "name", "unique", "origin", "partial"], Form.Argument | Form.Schema, IndexPragmas.IndexList) { IsThere = HasTable },
        ["index_info"] = new(["seqno", "cid", "name"], Form.Argument | Form.Schema, call => IndexPragmas.IndexInfo(call, extended: false)) { IsThere = HasIndex },
        ["index_xinfo"] = new(["seqno", "cid", "name", "desc", "coll", "key"], Form.Argument | Form.Schema, call => IndexPragmas.IndexInfo(call, extended: true)) { IsThere = HasIndex },
        ["foreign_key_list"] = new(["id", "seq", "table", "from", "to", "on_update", "on_delete", "match"], Form.Argument | Form.Schema, SchemaPragmas.ForeignKeyList) { IsThere = HasTable },
        ["database_list"] = new(["seq", "name", "file"], Form.Bare, SchemaPragmas.DatabaseList),
        ["collation_list"] = new(["seq", "name"], Form.Bare, SchemaPragmas.CollationList),
        ["compile_options"] = new(["compile_options"], Form.Bare, _ => ListPragmas.Options()),
        ["function_list"] = new(["name", "builtin", "type", "enc", "narg", "flags"], Form.Bare, ListPragmas.Functions),
        ["module_list"] = new(["name"], Form.Bare, _ => ListPragmas.Modules()),
        ["pragma_list"] = new(["name"], Form.Bare, _ => [.. AllNames().Select(name => new[] { SqlValue.FromText(name) })]),
        ["user_version"] = new(["user_version"], Form.Switch, HeaderPragmas.UserVersion),
        ["application_id"] = new(["application_id"], Form.Switch, HeaderPragmas.ApplicationId),
        ["schema_version"] = new(["schema_version"], Form.Switch, HeaderPragmas.SchemaVersion),
        ["page_size"] = new(["page_size"], Form.SchemaSwitch, HeaderPragmas.PageSize),
        ["page_count"] = new(["page_count"], Form.Bare | Form.Schema, HeaderPragmas.PageCount),
        ["freelist_count"] = new(["freelist_count"], Form.Bare, HeaderPragmas.FreelistCount),
        ["encoding"] = new(["encoding"], Form.Switch, HeaderPragmas.Encoding),
        ["data_version"] = new(["data_version"], Form.Bare, HeaderPragmas.DataVersion),
        ["auto_vacuum"] = new(["auto_vacuum"], Form.SchemaSwitch, HeaderPragmas.AutoVacuum),
        ["checksum_verification"] = new(["checksum_verification"], Form.Bare, HeaderPragmas.ChecksumVerification),
        ["journal_mode"] = new(["journal_mode"], Form.Bare | Form.Schema, _ => SettingPragmas.JournalMode()),
        ["synchronous"] = new(["synchronous"], Form.SchemaSwitch, SettingPragmas.Synchronous),
        ["commit_delay_us"] = new(["commit_delay_us"], Form.Bare, SettingPragmas.CommitDelay),
        ["memory_limit"] = new(["memory_limit"], Form.Bare, SettingPragmas.MemoryLimit),
        ["checkpoint_budget"] = new(["checkpoint_budget"], Form.Bare, SettingPragmas.CheckpointBudget),
        ["foreign_keys"] = new(["foreign_keys"], Form.Switch, SettingPragmas.ForeignKeys),
        ["defer_foreign_keys"] = new(["defer_foreign_keys"], Form.Switch, SettingPragmas.DeferForeignKeys),
        ["foreign_key_check"] = new(["table", "rowid", "parent", "fkid"], Form.Bare | Form.Argument | Form.Schema, ForeignKeyCheck.Run) { IsThere = HasTable },
        ["query_only"] = new(["query_only"], Form.Switch, SettingPragmas.QueryOnly),
        ["case_sensitive_like"] = new([], Form.Statement, SettingPragmas.CaseSensitiveLike),
        ["analysis_limit"] = new(["analysis_limit"], Form.Bare, _ => SettingPragmas.Fixed(0)),
        ["automatic_index"] = new(["automatic_index"], Form.Switch, _ => SettingPragmas.Fixed(1)),
        ["cache_spill"] = new(["cache_spill"], Form.SchemaSwitch, _ => SettingPragmas.Fixed(0)),
        ["checkpoint_fullfsync"] = new(["checkpoint_fullfsync"], Form.Switch, _ => SettingPragmas.Fixed(0)),
        ["fullfsync"] = new(["fullfsync"], Form.Switch, _ => SettingPragmas.Fixed(0)),
        ["hard_heap_limit"] = new(["hard_heap_limit"], Form.Bare, _ => SettingPragmas.Fixed(0)),
        ["soft_heap_limit"] = new(["soft_heap_limit"], Form.Bare, _ => SettingPragmas.Fixed(0)),
        ["ignore_check_constraints"] = new(["ignore_check_constraints"], Form.Switch, _ => SettingPragmas.Fixed(0)),
        ["journal_size_limit"] = new(["journal_size_limit"], Form.Bare | Form.Schema, _ => SettingPragmas.Fixed(-1)),
        ["locking_mode"] = new(["locking_mode"], Form.Bare | Form.Schema, _ => SettingPragmas.Fixed("normal")),
        ["max_page_count"] = new(["max_page_count"], Form.Bare | Form.Schema, _ => SettingPragmas.Fixed(Paging.Pager.MaxPageCount)),
        ["mmap_size"] = new(["mmap_size"], Form.Statement, _ => SettingPragmas.Fixed(0)),
        ["temp_store"] = new(["temp_store"], Form.Switch, _ => SettingPragmas.Fixed(2)),
        ["threads"] = new(["threads"], Form.Bare, _ => SettingPragmas.Fixed(0)),
        ["wal_autocheckpoint"] = new(["wal_autocheckpoint"], Form.Statement, _ => SettingPragmas.Fixed(0)),
        ["writable_schema"] = new(["writable_schema"], Form.Switch, _ => SettingPragmas.Fixed(0)),
        ["cell_size_check"] = new(["cell_size_check"], Form.Switch, _ => SettingPragmas.Fixed(0)),
        ["count_changes"] = new(["count_changes"], Form.Switch, _ => SettingPragmas.Fixed(0)),
        ["empty_result_callbacks"] = new(["empty_result_callbacks"], Form.Switch, _ => SettingPragmas.Fixed(0)),
        ["default_cache_size"] = new(["cache_size"], Form.SchemaSwitch, _ => SettingPragmas.CacheSize()),
        ["temp_store_directory"] = new(["temp_store_directory"], Form.Silent, _ => []),
        ["incremental_vacuum"] = new([], Form.Statement, _ => []),
        ["shrink_memory"] = new([], Form.Statement, _ => []),
        ["optimize"] = new(["optimize"], Form.Argument, _ => []),
        ["full_column_names"] = new(["full_column_names"], Form.Switch, _ => SettingPragmas.Fixed(0)),
        ["legacy_alter_table"] = new(["legacy_alter_table"], Form.Switch, _ => SettingPragmas.Fixed(0)),
        ["read_uncommitted"] = new(["read_uncommitted"], Form.Switch, _ => SettingPragmas.Fixed(0)),
        ["reverse_unordered_selects"] = new(["reverse_unordered_selects"], Form.Switch, _ => SettingPragmas.Fixed(0)),
        ["secure_delete"] = new(["secure_delete"], Form.Bare, _ => SettingPragmas.Fixed(0)),
        ["short_column_names"] = new(["short_column_names"], Form.Switch, _ => SettingPragmas.Fixed(1)),
        ["trusted_schema"] = new(["trusted_schema"], Form.Switch, _ => SettingPragmas.Fixed(1)),
        ["recursive_triggers"] = new(["recursive_triggers"], Form.Switch, SettingPragmas.RecursiveTriggers),
        ["cache_size"] = new(["cache_size"], Form.SchemaSwitch, _ => SettingPragmas.CacheSize()),
        ["isolation"] = new(["isolation"], Form.Bare, SettingPragmas.Isolation),
        ["busy_timeout"] = new(["timeout"], Form.Bare, SettingPragmas.BusyTimeout),
        ["wal_checkpoint"] = new(["busy", "log", "checkpointed"], Form.Statement, SettingPragmas.WalCheckpoint),
        ["integrity_check"] = new(["integrity_check"], Form.Bare | Form.Argument | Form.Schema, call => CheckPragmas.Run(call, quick: false)) { IsThere = HasTable },
        ["quick_check"] = new(["quick_check"], Form.Bare | Form.Argument | Form.Schema, call => CheckPragmas.Run(call, quick: true)) { IsThere = HasTable },
    };

    /// <summary>The names of the result's columns, without running it; empty when it answers nothing.</summary>
    public static string[] ColumnsOf(PragmaStatement node) =>
        s_entries.TryGetValue(node.Name.Name, out Entry? entry) && (node.Value is null || !entry.Has(Form.Silent)) ? entry.Columns : [];

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

        IReadOnlyList<SqlValue[]> rows = entry.Run(CallOf(entry, session, transaction, written, node.Value));
        string[] columns = ColumnsOf(node);
        return new PragmaResult(columns, columns.Length == 0 ? [] : rows);
    }

    /// <summary>PRAGMAs that may be asked as tables, and the hidden columns that those have.</summary>
    internal static IEnumerable<(string Name, string[] Columns, string[] Hidden)> Tables() =>
        s_entries.Where(entry => entry.Value.Has(Form.Bare | Form.Argument)).Select(entry => (entry.Key, entry.Value.Columns, Hidden(entry.Value)));

    /// <summary>What such a PRAGMA answers. Arguments that were not given are null.</summary>
    internal static IReadOnlyList<SqlValue[]> Rows(string name, Session session, Transaction transaction, string? argument, string? schema)
    {
        Entry entry = s_entries[name];
        Schema? written = schema is null ? null
            : transaction.Schemas.Named(schema) ?? throw new SluiceException(ResultCode.Error, $"unknown database '{schema.Replace("'", "''", StringComparison.Ordinal)}'");
        return entry.Run(CallOf(entry, session, transaction, written, argument is null ? null : new PragmaValue(argument, IsNumber: false)));
    }

    private static string[] Hidden(Entry entry) => (entry.Has(Form.Argument), entry.Has(Form.Schema)) switch
    {
        (true, true) => ["arg", "schema"],
        (true, false) => ["arg"],
        (false, true) => ["schema"],
        _ => [],
    };

    private static PragmaCall CallOf(Entry entry, Session session, Transaction whole, Schema? written, PragmaValue? value)
    {
        Schemas schemas = whole.Schemas;
        Schema? found = written is not null || entry.IsThere is not { } isThere || value is null ? written
            : schemas.Find(new QualifiedName(null, value.Text), isThere);
        return new PragmaCall(session, whole, found ?? schemas.Main, value) { IsQualified = written is not null };
    }

    private static bool HasTable(Schema schema, string name) => schema.TryGetTable(name, out _) || schema.TryGetView(name, out _);

    private static bool HasIndex(Schema schema, string name) => schema.TryGetIndex(name, out _) || HasTable(schema, name);

    private static IEnumerable<string> AllNames() => s_entries.Keys.Order(StringComparer.Ordinal);
}
