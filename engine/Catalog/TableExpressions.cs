using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Catalog;

/// <summary>
/// The expressions that belong to a table's rows, bound over one row in source 0 of a frame of their own (<see cref="NewFrame"/>): generated
/// columns, index expressions, WHERE of partial indexes. Immutable and shared; whoever evaluates needs a frame of its own.
/// </summary>
internal sealed class TableExpressions
{
    private const string Index = "an index";

    private readonly Expr?[] _generated;
    private readonly Dictionary<TableIndex, (Expr?[] Parts, Expr? Where)> _indexes = new(ReferenceEqualityComparer.Instance);
    private readonly CompileState _state = new(Schema.Empty.Alone);

    /// <exception cref="SluiceException">A name that does not exist, in SQLite's words.</exception>
    public TableExpressions(Table table)
    {
        RowScope row = new(_state);
        row.AddRow(table.Name, table, _state.NewSource());
        _generated = new Expr?[table.Columns.Count];
        for (int i = 0; i < _generated.Length; i++)
        {
            if (table.Columns[i].Generated is { } generated)
            {
                _generated[i] = new AffinityExpr(ExpressionBinder.BindIn("a generated column", generated.Expression, row), table.Columns[i].Affinity);
            }
        }

        GeneratedOrder = OrderOf(table);
        foreach (TableIndex index in table.Indexes)
        {
            if (index.Where is not null || index.Expressions.Count > 0)
            {
                Expr?[] parts = [.. index.Expressions.Select(part => part is null ? null : ExpressionBinder.BindIn(Index, part, row))];
                _indexes.Add(index, (parts, index.Where is null ? null : ExpressionBinder.BindIn(Index, index.Where, row)));
            }
        }
    }

    /// <summary>Ordinals of the generated columns, each after those that it reads.</summary>
    public int[] GeneratedOrder { get; }

    /// <summary>A generated column's value, of its column's affinity.</summary>
    public Expr Generated(int ordinal) => _generated[ordinal]!;

    /// <summary>An index's expressions by place (empty when all are plain columns) and its WHERE.</summary>
    public (Expr?[] Parts, Expr? Where) Of(TableIndex index) => _indexes.TryGetValue(index, out (Expr?[], Expr?) bound) ? bound : ([], null);

    /// <summary>A frame over one row. Only deterministic functions are allowed in these expressions, so it has no surroundings.</summary>
    public Frame NewFrame() => FoldingContext.NewFrame(1, _state.Size.Slots);

    /// <exception cref="SluiceException">Columns that need each other.</exception>
    private static int[] OrderOf(Table table)
    {
        List<int> order = [];
        HashSet<int> open = [];
        void Visit(int ordinal)
        {
            if (table.Columns[ordinal].Generated is not { } generated || order.Contains(ordinal))
            {
                return;
            }

            if (!open.Add(ordinal))
            {
                throw new SluiceException(ResultCode.Error, $"generated column loop on \"{table.Columns[open.Max()].Name}\"");
            }

            foreach (ColumnNode column in NodeWalk.Columns(generated.Expression))
            {
                int read = table.OrdinalOf(column.Column);
                if (read >= 0)
                {
                    Visit(read);
                }
            }

            _ = open.Remove(ordinal);
            order.Add(ordinal);
        }

        for (int i = 0; i < table.Columns.Count; i++)
        {
            Visit(i);
        }

        return [.. order];
    }

    /// <summary>A value with a column's affinity applied.</summary>
    private sealed class AffinityExpr(Expr value, Affinity affinity) : Expr
    {
        public override Affinity Affinity => affinity;

        public override SqlValue Evaluate(Frame frame)
        {
            SqlValue converted = SqlConvert.ApplyAffinity(value.Evaluate(frame), affinity);
            return affinity == Affinity.Real && converted.Type == SqlType.Integer ? SqlValue.FromReal(converted.Integer) : converted;
        }
    }
}
