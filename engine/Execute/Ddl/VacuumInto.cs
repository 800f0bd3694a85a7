using Sluice.Engine.BTree;
using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>VACUUM INTO: a packed copy of what the transaction sees, in a file that must not be there yet ("VACUUM", sqlite.org/lang_vacuum.html).</summary>
internal static class VacuumInto
{
    public static void Execute(VacuumStatement node, Transaction transaction, Session session, SqlValue[] parameters)
    {
        CompileState state = new(transaction.Schemas);
        Expr into = ExpressionBinder.Bind(node.Into!, new ConstantScope(state));
        SqlValue path = into.Evaluate(new Frame(session, 0, state.Size.Slots, parameters));
        if (path.Type != SqlType.Text)
        {
            throw new SluiceException(ResultCode.Error, "non-text filename");
        }

        string file = path.DecodeText();
        if (file != DatabaseOptions.MemoryPath && File.Exists(file) && new FileInfo(file).Length > 0)
        {
            throw new SluiceException(ResultCode.Error, "output file already exists");
        }

        DatabaseOptions options = new() { Store = new StoreOptions { PageSize = transaction.Pages.PageSize } };
        using Database copy = Database.Open(file, options);
        using Transaction target = copy.Store.Begin(TransactionKind.Exclusive, session.BusyTimeout);
        foreach ((_, SchemaRow row) in SchemaRows.All(transaction))
        {
            SchemaRows.Add(target, row.RootPage == 0 ? row : row with { RootPage = CopyTree(row, transaction, target, session) });
        }

        DatabaseHeader header = DatabaseHeader.Parse(transaction.Pages.Read(1), transaction.Pages.Path);
        target.ExclusivePages.UserVersion = header.UserVersion;
        target.ExclusivePages.ApplicationId = header.ApplicationId;
        target.SchemaChanged();
        target.Commit();
    }

    private static uint CopyTree(SchemaRow row, Transaction source, Transaction target, Session session)
    {
        KeyOrder? order = source.Schema.TryGetIndex(row.Name, out TableIndex? index) && row.Type == "index" ? index.Order
            : source.Schema.TryGetTable(row.Name, out Table? table) ? table.KeyOrder
            : throw new SluiceException(ResultCode.Error, $"{row.Type} {row.Name} cannot be copied");
        if (order is null)
        {
            uint root = target.Trees.CreateTable();
            RowCursor rows = source.OpenRows(row.RootPage);
            for (bool any = rows.MoveFirst(); any; any = rows.MoveNext())
            {
                session.CheckCancelled();
                target.Trees.PutRow(root, rows.Rowid, rows.Record.Span);
            }

            return root;
        }

        uint keyed = target.Trees.CreateIndex();
        KeyCursor keys = source.OpenKeys(row.RootPage, order);
        for (bool any = keys.MoveFirst(); any; any = keys.MoveNext())
        {
            session.CheckCancelled();
            target.Trees.PutKey(keyed, order, keys.Key.Span);
        }

        return keyed;
    }
}
