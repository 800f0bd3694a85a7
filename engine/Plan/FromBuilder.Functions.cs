using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.TableFunctions;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Table-valued functions in FROM ("The Virtual Table Mechanism", section 2.1.2).</summary>
internal sealed partial class FromBuilder
{
    private readonly List<FunctionInFrom> _functions = [];

    /// <summary>Adds a table-valued function; its arguments are bound when all names are known.</summary>
    private JoinStep AddFunction(TableFunction function, TableReference reference)
    {
        IReadOnlyList<ExpressionNode> arguments = reference.Arguments ?? [];
        if (arguments.Count > function.MaxArguments)
        {
            throw new SluiceException(ResultCode.Error, $"too many arguments on {function.Name}() - max {function.MaxArguments}");
        }

        int output = _state.NewSource();
        TableFunctionNode node = new(function, output);
        FromSource source = new()
        {
            Source = output,
            Bit = scope.From.NextBit,
            Name = reference.Alias ?? function.Name,
            ColumnCount = function.Columns.Length,
            Node = node,
        };
        scope.From.Add(source);
        FromSources from = scope.From;
        NamedColumn[] columns = [.. function.Columns.Select((column, i) =>
        {
            Expr expression = new ColumnExpr(output, i, Affinity.Blob, Collation.Binary);
            return new NamedColumn
            {
                Name = column.Name,
                IsHidden = column.IsHidden,
                Bind = () =>
                {
                    from.Touched |= source.Mask;
                    return expression;
                },
            };
        })];
        Expr rowid = new RowidExpr(output);
        scope.Add(new NamedSource(reference.Alias ?? function.Name, columns, () =>
        {
            from.Touched |= source.Mask;
            return rowid;
        }));
        _functions.Add(new FunctionInFrom(source, node, arguments, columns));
        return new JoinStep { Kind = JoinKind.Inner, Source = source };
    }

    /// <summary>
    /// Binds the arguments of the functions. One that is not written is what a condition says that its hidden column is:
    /// <c>json_each WHERE json = x</c> is <c>json_each(x)</c>.
    /// </summary>
    private void BindArguments(ExpressionNode? where)
    {
        foreach (FunctionInFrom function in _functions)
        {
            // ON of an outer join says nothing of the side whose rows are kept.
            IEnumerable<BinaryNode> equalities = _conditions
                .Where(condition => !condition.Step.IsOuter || (condition.Step.Source == function.Source && (condition.Step.Kind & JoinKind.Right) == 0))
                .Select(condition => condition.On)
                .Append(where)
                .SelectMany(Equalities);
            ulong before = scope.From.Touched;
            scope.From.Touched = 0;
            function.Node.Arguments = [.. ArgumentsOf(function, equalities).Select(argument => ExpressionBinder.Bind(argument, scope))];
            function.Source.ArgumentMask = scope.From.Touched;
            scope.From.Touched |= before;
        }
    }

    private List<ExpressionNode> ArgumentsOf(FunctionInFrom function, IEnumerable<BinaryNode> equalities)
    {
        List<ExpressionNode> arguments = [.. function.Arguments];
        foreach (NamedColumn hidden in function.Columns.Where(column => column.IsHidden).Skip(arguments.Count))
        {
            if (equalities.Select(equality => OtherSide(equality, hidden, function)).FirstOrDefault(side => side is not null) is not { } argument)
            {
                break;
            }

            arguments.Add(argument);
        }

        return arguments;
    }

    /// <summary>What a hidden column is compared with, if that is known without the function.</summary>
    private ExpressionNode? OtherSide(BinaryNode equality, NamedColumn hidden, FunctionInFrom function)
    {
        bool IsHidden(ExpressionNode node) => node is ColumnNode column && scope.FindColumn(column) == hidden;
        ExpressionNode? other = IsHidden(equality.Left) ? equality.Right : IsHidden(equality.Right) ? equality.Left : null;
        return other is not null && IsKnownWithout(function, other) ? other : null;
    }

    /// <summary>Whether an expression needs neither the function nor one behind it. Aliases of results are not known here, and into subqueries is not looked.</summary>
    private bool IsKnownWithout(FunctionInFrom function, ExpressionNode node) => node switch
    {
        InSelectNode or InTableNode or ExistsNode or ScalarSelectNode => false,
        ColumnNode column => scope.FindColumn(column) is { } found
            ? !_functions.SkipWhile(other => other != function).Any(other => other.Columns.Contains(found))
            : column.DoubleQuoted,
        _ => NodeWalk.IsLeaf(node) || NodeWalk.Children(node).All(child => IsKnownWithout(function, child)),
    };

    private static IEnumerable<BinaryNode> Equalities(ExpressionNode? condition) => condition switch
    {
        BinaryNode { Operator: BinaryOperator.And } and => Equalities(and.Left).Concat(Equalities(and.Right)),
        BinaryNode { Operator: BinaryOperator.Equal } equality => [equality],
        _ => [],
    };

    /// <summary>A function with the arguments that are written in brackets, and its columns, hidden ones too.</summary>
    private sealed record FunctionInFrom(FromSource Source, TableFunctionNode Node, IReadOnlyList<ExpressionNode> Arguments, NamedColumn[] Columns);
}
