using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>
/// x IN (list) where the list is not all constants. Only the left side's affinity and collation count
/// ("Datatypes In SQLite", section 4.2).
/// </summary>
internal sealed class InListExpr(Expr value, Expr[] list, ComparisonMode mode, bool negated) : PredicateExpr
{
    public override bool IsConstant => value.IsConstant && Array.TrueForAll(list, item => item.IsConstant);

    public override Truth Test(Frame frame)
    {
        SqlValue x = value.Evaluate(frame);
        if (x.IsNull)
        {
            return list.Length == 0 ? Logic.Of(negated) : Truth.Unknown;
        }

        bool unknown = false;
        foreach (Expr item in list)
        {
            SqlValue candidate = item.Evaluate(frame);
            if (candidate.IsNull)
            {
                unknown = true;
            }
            else if (mode.Compare(x, candidate) == 0)
            {
                return Logic.Of(!negated);
            }
        }

        return unknown ? Truth.Unknown : Logic.Of(negated);
    }
}

/// <summary>x IN (list) where the list is all constants: they are hashed once, when the statement is compiled.</summary>
internal sealed class InSetExpr : PredicateExpr
{
    private readonly Expr _value;
    private readonly ComparisonMode _mode;
    private readonly bool _negated;
    private readonly bool _hasNull;
    private readonly HashSet<SqlValue> _values;

    /// <summary>The integers among the values, because most lists are of integers and most probes are too.</summary>
    private readonly HashSet<long> _integers = [];

    public InSetExpr(Expr value, ReadOnlySpan<SqlValue> constants, ComparisonMode mode, bool negated)
    {
        _value = value;
        _mode = mode;
        _negated = negated;
        _values = new HashSet<SqlValue>(new ValueEquality(mode.Collation));
        foreach (ref readonly SqlValue constant in constants)
        {
            SqlValue item = Convert(constant);
            if (item.IsNull)
            {
                _hasNull = true;
                continue;
            }

            _values.Add(item);
            if (item.Type == SqlType.Integer)
            {
                _integers.Add(item.Integer);
            }
            else if (item.Type == SqlType.Real)
            {
                AddIfIntegral(item);
            }
        }
    }

    public override Truth Test(Frame frame)
    {
        SqlValue x = _value.Evaluate(frame);
        bool found;
        if (x.Type == SqlType.Integer && _mode.Affinity != Affinity.Text)
        {
            found = _integers.Contains(x.Integer);
        }
        else if (x.IsNull)
        {
            return _values.Count == 0 && !_hasNull ? Logic.Of(_negated) : Truth.Unknown;
        }
        else
        {
            found = _values.Contains(Convert(x));
        }

        if (found)
        {
            return Logic.Of(!_negated);
        }

        return _hasNull ? Truth.Unknown : Logic.Of(_negated);
    }

    private void AddIfIntegral(in SqlValue real)
    {
        long near = SqlConvert.ToInteger(real.Real);
        if (ValueOrder.Compare(real, SqlValue.FromInteger(near), _mode.Collation) == 0)
        {
            _integers.Add(near);
        }
    }

    private SqlValue Convert(in SqlValue value) => _mode.Affinity switch
    {
        Affinity.Numeric => SqlConvert.TextToNumber(value),
        Affinity.Text => SqlConvert.ApplyAffinity(value, Affinity.Text),
        _ => value,
    };
}
