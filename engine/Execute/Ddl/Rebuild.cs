using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>REINDEX and VACUUM: trees are emptied and filled anew, in order, so that their pages are full and lie together.</summary>
internal static class Rebuild
{
    public static void Reindex(ReindexStatement node, Transaction transaction, IStatementContext context)
    {
        Schema schema = transaction.Schema;
        List<(Table Table, TableIndex Index)> targets = Targets(node.Target, schema);
        transaction.BecomeExclusive();
        foreach ((Table table, TableIndex index) in targets)
        {
            transaction.Trees.Clear(index.RootPage);
            IndexFill.Run(table, index, transaction, context);
        }
    }

    public static void Vacuum(Transaction transaction, Session session)
    {
        if (session.InTransaction)
        {
            throw new SluiceException(ResultCode.Error, "cannot VACUUM from within a transaction");
        }

        transaction.BecomeExclusive();
        foreach (Table table in transaction.Schema.Tables.Where(table => table.RootPage > 1 && table.UnsupportedReason is null))
        {
            if (table.KeyOrder is { } order)
            {
                RefillKeys(table.RootPage, order, transaction, session);
            }
            else
            {
                RefillRows(table.RootPage, transaction, session);
            }

            foreach (TableIndex index in table.Indexes)
            {
                transaction.Trees.Clear(index.RootPage);
                IndexFill.Run(table, index, transaction, session);
            }
        }
    }

    private static void RefillRows(uint root, Transaction transaction, IStatementContext context)
    {
        List<(long Rowid, byte[] Record)> all = [];
        RowCursor rows = transaction.OpenRows(root);
        for (bool any = rows.MoveFirst(); any; any = rows.MoveNext())
        {
            context.CheckCancelled();
            all.Add((rows.Rowid, rows.Record.Span.ToArray()));
        }

        transaction.Trees.Clear(root);
        foreach ((long rowid, byte[] record) in all)
        {
            transaction.Trees.PutRow(root, rowid, record);
        }
    }

    private static void RefillKeys(uint root, KeyOrder order, Transaction transaction, IStatementContext context)
    {
        List<byte[]> all = [];
        KeyCursor keys = transaction.OpenKeys(root, order);
        for (bool any = keys.MoveFirst(); any; any = keys.MoveNext())
        {
            context.CheckCancelled();
            all.Add(keys.Key.Span.ToArray());
        }

        transaction.Trees.Clear(root);
        foreach (byte[] key in all)
        {
            transaction.Trees.PutKey(root, order, key);
        }
    }

    /// <summary>All indexes; those of a table; one; or all that use a collation ("REINDEX", sqlite.org/lang_reindex.html).</summary>
    private static List<(Table Table, TableIndex Index)> Targets(QualifiedName? target, Schema schema)
    {
        IEnumerable<(Table, TableIndex)> all = schema.Tables.SelectMany(table => table.Indexes.Select(index => (table, index)));
        if (target is null)
        {
            return [.. all];
        }

        if (target.Schema is null && target.Name.ToUpperInvariant() is "BINARY" or "NOCASE" or "RTRIM")
        {
            Collation collation = TableKeys.CollationNamed(target.Name);
            return [.. all.Where(pair => pair.Item2.Order.Columns.ToArray().Any(column => column.Collation == collation))];
        }

        if (schema.TryGetTable(target.Name, out Table? table))
        {
            return [.. table.Indexes.Select(index => (table, index))];
        }

        return schema.TryGetIndex(target.Name, out TableIndex? only) && schema.TryGetTable(only.TableName, out Table? indexed)
            ? [(indexed, only)]
            : throw new SluiceException(ResultCode.Error, "unable to identify the object to be reindexed");
    }
}
