using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Pragmas;

/// <summary>
/// integrity_check and quick_check: the pages and trees of the file as of the last checkpoint, then every row as the transaction
/// sees it: NOT NULL, and (integrity_check only) an entry in each index, no entry too many, none twice in a unique one.
/// CHECK constraints are not tested.
/// </summary>
internal static class CheckPragmas
{
    /// <summary>Errors listed when no number is given ("PRAGMA integrity_check").</summary>
    private const int DefaultLimit = 100;

    private static readonly SqlValue[][] s_ok = [[SqlValue.FromText("ok")]];

    public static IReadOnlyList<SqlValue[]> Run(PragmaCall call, bool quick)
    {
        Schema schema = call.Transaction.Schema;
        Table? only = null;
        int limit = DefaultLimit;
        if (call.Value is { IsNumber: true })
        {
            limit = call.Int32 > 0 ? call.Int32 : DefaultLimit;
        }
        else if (call.HasValue && (only = call.RequireTable()) is null)
        {
            return s_ok;
        }

        List<string> errors = [];
        if (only is null)
        {
            errors.AddRange(IntegrityCheck.Run(call.Transaction.Pages, Roots(schema), limit));
            if (errors.Count > 0)
            {
                errors[0] = $"*** in database main ***\n{errors[0]}";
            }
        }

        foreach (Table table in only is null ? schema.Tables : [only])
        {
            if (errors.Count < limit && table.UnsupportedReason is null)
            {
                TableCheck.Run(table, call, quick, limit, errors);
            }
        }

        return errors.Count == 0 ? s_ok : [.. errors.Take(limit).Select(error => new[] { SqlValue.FromText(error) })];
    }

    /// <summary>All trees but that of sqlite_schema; the order of one that we cannot use is not known.</summary>
    private static IEnumerable<TreeRoot> Roots(Schema schema)
    {
        foreach (Table table in schema.Tables)
        {
            if (table.RootPage > 1)
            {
                yield return new TreeRoot(table.RootPage, table.KeyOrder);
            }

            foreach (TableIndex index in table.Indexes)
            {
                yield return new TreeRoot(index.RootPage, index.Order);
            }

            foreach (TableIndex index in table.UnsupportedIndexes)
            {
                yield return new TreeRoot(index.RootPage, null);
            }
        }
    }
}
