using Sluice.Engine.Execute.Functions.Dates;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Expressions;

/// <summary>CURRENT_DATE, CURRENT_TIME, CURRENT_TIMESTAMP: UTC, the same throughout a statement.</summary>
internal sealed class CurrentExpr(CurrentKind kind) : Expr
{
    public override bool IsConstant => true;

    public override SqlValue Evaluate(Frame frame) => kind switch
    {
        CurrentKind.Date => DateFunctions.Date([], frame.Context),
        CurrentKind.Time => DateFunctions.Time([], frame.Context),
        _ => DateFunctions.DateAndTime([], frame.Context),
    };
}
