using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Dml;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>
/// Puts the rows of a table into a new index. Keys are sorted in runs of bounded size, so that pages are mostly filled from
/// left to right; whether a unique index has equal keys is seen at the end, where they are neighbours.
/// </summary>
internal static class IndexFill
{
    /// <summary>A run's keys, in bytes: large enough that most tables of an edge box are one run, small beside its memory.</summary>
    private const long RunBytes = 32L << 20;

    /// <summary>What a key in a run takes beside its bytes: an array's header, its place in the list.</summary>
    private const int KeyOverheadBytes = 32;

    /// <summary>Rows between two looks at whether the statement was cancelled.</summary>
    private const int RowsPerCancelCheck = 1024;

    public static void Run(Table table, TableIndex index, Transaction transaction, IStatementContext context)
    {
        List<byte[]> run = [];
        long bytes = 0;
        long count = 0;
        IndexKeys keys = new(table);
        TableRows rows = new(table, transaction);
        while (rows.MoveNext())
        {
            if (keys.Build(index, rows.Row) is { } key)
            {
                run.Add(key);
                bytes += key.Length + KeyOverheadBytes;
            }

            if (bytes > RunBytes)
            {
                Put(run, index, transaction.Trees);
                bytes = 0;
            }

            if (++count % RowsPerCancelCheck == 0)
            {
                context.CheckCancelled();
            }
        }

        Put(run, index, transaction.Trees);
        if (index.Unique)
        {
            RequireDistinct(table, index, transaction, context);
        }
    }

    private static void Put(List<byte[]> run, TableIndex index, BTreeWriter trees)
    {
        run.Sort((a, b) => KeyComparer.Compare(new Payload(a, 0, a.Length), new Payload(b, 0, b.Length), index.Order));
        foreach (byte[] key in run)
        {
            trees.PutKey(index.RootPage, index.Order, key);
        }

        run.Clear();
    }

    private static void RequireDistinct(Table table, TableIndex index, Transaction transaction, IStatementContext context)
    {
        SqlValue[] previous = new SqlValue[index.Columns.Count];
        RecordReader reader = default;
        KeyCursor keys = transaction.OpenKeys(index.RootPage, index.Order);
        long count = 0;
        for (bool any = keys.MoveFirst(); any; any = keys.MoveNext())
        {
            Payload key = keys.Key;
            if (count > 0 && KeyComparer.Compare(key, previous, index.Order) == 0 && !previous.Any(value => value.IsNull))
            {
                throw ConstraintErrors.Unique(table, index, ConflictAction.Abort);
            }

            reader.Reset(key);
            for (int i = 0; i < previous.Length; i++)
            {
                previous[i] = reader.Get(i);
            }

            if (++count % RowsPerCancelCheck == 0)
            {
                context.CheckCancelled();
            }
        }
    }
}
