using Sluice.Engine.Catalog;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>
/// Statements that change the schema: CREATE, DROP, ALTER TABLE. They run alone among writers, straight on the pages, and each
/// ends with the schema read anew. Statements of this kind that are not supported are refused here by name.
/// </summary>
public static class DdlStatements
{
    /// <summary>Whether a statement is one of these, those that are refused included.</summary>
    public static bool Handles(StatementNode node) => node is CreateTableStatement or CreateIndexStatement or CreateViewStatement
        or CreateTriggerStatement or CreateVirtualTableStatement or DropStatement or AlterTableStatement
        or VacuumStatement or AnalyzeStatement or ReindexStatement;

    /// <summary>
    /// Runs the statement within <paramref name="transaction"/>, whose part of the database concerned becomes exclusive unless there is nothing to do. After an exception
    /// the caller takes the transaction back to where it was.
    /// </summary>
    /// <exception cref="SluiceException">In SQLite's words: a name that is taken, reserved or unknown, a definition that cannot be.</exception>
    public static void Execute(StatementNode node, Transaction transaction, IStatementContext context, SqlValue[] parameters)
    {
        if (node.Explain != ExplainKind.None)
        {
            throw Refused("EXPLAIN of a statement that changes the schema");
        }

        Schemas schemas = transaction.Schemas;
        switch (node)
        {
            case AnalyzeStatement { Target: null } or ReindexStatement { Target: null }:
                foreach ((string name, Schema schema) in schemas.All.Where(one => one.Schema != schemas.Temp))
                {
                    ExecuteIn(schema, node, transaction, context, parameters);
                }

                break;
            default:
                ExecuteIn(DdlHome.Of(node, schemas), node, transaction, context, parameters);
                break;
        }
    }

    private static void ExecuteIn(Schema home, StatementNode node, Transaction whole, IStatementContext context, SqlValue[] parameters)
    {
        (context as Session)?.RequireWritable(whole.Schemas, home);
        DdlHome.RequireOwnTables(node, home, whole.Schemas);
        Transaction transaction = whole.Of(home);
        switch (node)
        {
            case CreateTableStatement { AsSelect: not null } create:
                CreateTableAs.Execute(create, transaction, whole, context, parameters);
                break;
            case CreateTableStatement create:
                CreateTable.Execute(create, transaction);
                break;
            case CreateIndexStatement create:
                CreateIndex.Execute(create, transaction, whole.Schemas.NameOf(home), context);
                break;
            case CreateViewStatement create:
                CreateView.Execute(create, transaction);
                break;
            case CreateTriggerStatement create:
                CreateTrigger.Execute(create, transaction, whole);
                break;
            case DropStatement drop:
                Drop.Execute(drop, transaction, whole, context);
                break;
            case RenameTableStatement rename:
                AlterTable.Rename(rename, transaction, whole);
                break;
            case RenameColumnStatement rename:
                AlterColumn.Rename(rename, transaction, whole);
                break;
            case DropColumnStatement drop:
                AlterColumn.Drop(drop, transaction, whole, context);
                break;
            case AddColumnStatement add:
                AlterTable.AddColumn(add, transaction, context);
                break;
            case AnalyzeStatement analyze:
                bool isWhole = analyze.Target is { Schema: null } target && whole.Schemas.Named(target.Name) is not null;
                Analyze.Execute(isWhole ? null : analyze.Target, transaction, context);
                break;
            case ReindexStatement reindex:
                Rebuild.Reindex(reindex, transaction, context);
                break;
            case VacuumStatement vacuum when context is Session session:
                if (vacuum.Into is null)
                {
                    Rebuild.Vacuum(transaction, session);
                }
                else
                {
                    VacuumInto.Execute(vacuum, transaction, session, parameters);
                }

                break;
            case CreateVirtualTableStatement create:
                throw new SluiceException(ResultCode.Error, $"no such module: {create.Module}");
            default:
                throw Refused(node.GetType().Name);
        }
    }

    /// <summary>The error for something that is not supported, named.</summary>
    internal static SluiceException Refused(string what) => new(ResultCode.Error, $"{what} is not supported");
}
