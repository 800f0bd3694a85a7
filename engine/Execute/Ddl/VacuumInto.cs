using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Files;
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

        string name = path.DecodeText();
        if (FileUri.Is(name))
        {
            name = FileUri.Parse(name).Path;
        }

        if (name.Length == 0)
        {
            throw new SluiceException(ResultCode.CannotOpen, "unable to open database file: VACUUM INTO needs the name of a file");
        }

        DatabaseCopy.ToFile(transaction, name, session.BusyTimeout, _ => session.CheckCancelled());
    }
}
