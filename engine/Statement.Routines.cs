using Sluice.Engine.Catalog;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Ddl;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Pragmas;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine;

/// <summary>Statements that are not compiled: transaction control, ATTACH and DETACH, PRAGMA, and what changes the schema.</summary>
public sealed partial class Statement
{
    /// <summary>BEGIN, COMMIT and the like, DDL, PRAGMA: what is not compiled.</summary>
    private async ValueTask RunRoutineAsync(bool asynchronous)
    {
        switch (_node)
        {
            case BeginStatement begin:
                _session.Begin(begin.Kind, begin.Serializable ? Isolation.Serializable : _session.Isolation);
                break;
            case CommitStatement:
                await CommitSessionAsync(asynchronous).ConfigureAwait(false);
                break;
            case RollbackStatement { Savepoint: { } savepoint }:
                _session.RollbackTo(savepoint);
                break;
            case RollbackStatement:
                _session.Rollback();
                break;
            case SavepointStatement savepoint:
                _session.Savepoint(savepoint.Name);
                break;
            case ReleaseStatement release:
                if (_session.Release(release.Name))
                {
                    await CommitSessionAsync(asynchronous).ConfigureAwait(false);
                }

                break;
            case PragmaStatement pragma:
                await RunAloneAsync(
                    TransactionKind.Deferred,
                    mayBecomeExclusive: pragma.Value is not null,
                    transaction => _rows = PragmaStatements.Execute(pragma, _session, transaction).Rows,
                    asynchronous).ConfigureAwait(false);
                break;
            case AttachStatement attach:
                _session.Attach(TextOf(attach.Path), TextOf(attach.Name));
                break;
            case DetachStatement detach:
                _session.Detach(TextOf(detach.Name));
                break;
            case VacuumStatement { Into: not null }:
                // It only reads, and must hold up no writer.
                await RunAloneAsync(
                    TransactionKind.Deferred,
                    mayBecomeExclusive: false,
                    transaction => DdlStatements.Execute(_node, transaction, _session, _parameters),
                    asynchronous).ConfigureAwait(false);
                break;
            default:
                _session.RequireNotQueryOnly();
                await RunAloneAsync(
                    _session.IsAlone ? TransactionKind.Immediate : TransactionKind.Deferred,
                    mayBecomeExclusive: true,
                    transaction => DdlStatements.Execute(_node, transaction, _session, _parameters),
                    asynchronous).ConfigureAwait(false);
                break;
        }
    }

    /// <summary>The path or name that ATTACH or DETACH was given: an expression, or a bare word.</summary>
    private string TextOf(ExpressionNode node)
    {
        if (node is ColumnNode { Table: null } word)
        {
            return word.Column;
        }

        CompileState state = new(Schema.Empty.Alone);
        SqlValue value = ExpressionBinder.Bind(node, new ConstantScope(state)).Evaluate(new Frame(_session, 0, state.Size.Slots, _parameters));
        return value.IsNull ? "" : SqlConvert.ToText(value).DecodeText();
    }

    /// <summary>Runs work in the session's transaction, whose part of it is taken back when it fails, or in one of its own.</summary>
    private async ValueTask RunAloneAsync(TransactionKind kind, bool mayBecomeExclusive, Action<Transaction> work, bool asynchronous)
    {
        if (_session.Transaction() is not { } transaction)
        {
            await InAutocommitAsync(
                kind,
                own =>
                {
                    work(own);
                    return null;
                },
                asynchronous).ConfigureAwait(false);
            return;
        }

        if (mayBecomeExclusive)
        {
            _session.BeforeBecomingExclusive();
        }

        transaction.IsBlind = false;
        int mark = transaction.Mark();
        try
        {
            work(transaction);
        }
        catch (SluiceException failure)
        {
            if (!IsConflict(failure))
            {
                transaction.RollbackTo(mark);
                transaction.Release(mark);
            }

            throw _session.Failed(failure, mustRollBack: false);
        }

        transaction.Release(mark);
    }
}
