namespace Sluice.Engine.Sql;

/// <summary>OVER and WINDOW ("Window Functions", sqlite.org/windowfunctions.html, section 2).</summary>
internal sealed partial class Parser
{
    /// <summary>What follows OVER: a name or a window in parentheses.</summary>
    private WindowSpecification ParseOver()
    {
        if (Kind != TokenKind.LeftParen)
        {
            return new WindowSpecification { Name = ParseName() };
        }

        return ParseWindow();
    }

    /// <summary>([base] [PARTITION BY ...] [ORDER BY ...] [frame]).</summary>
    private WindowSpecification ParseWindow()
    {
        Expect(TokenKind.LeftParen);
        string? baseName = null;
        List<ExpressionNode> partition = [];
        List<OrderTerm> order = [];
        if (Kind is not (TokenKind.Partition or TokenKind.Range or TokenKind.Rows or TokenKind.Groups) && Kind.IsName())
        {
            baseName = ParseName();
        }

        if (Accept(TokenKind.Partition))
        {
            Expect(TokenKind.By);
            partition = ParseExpressionList();
        }

        if (Accept(TokenKind.Order))
        {
            Expect(TokenKind.By);
            order = ParseOrderTerms();
        }

        FrameSpecification? frame = ParseFrame();
        Expect(TokenKind.RightParen);
        return new WindowSpecification { BaseName = baseName, PartitionBy = partition, OrderBy = order, Frame = frame };
    }

    private FrameSpecification? ParseFrame()
    {
        FrameUnit unit;
        switch (Kind)
        {
            case TokenKind.Rows:
                unit = FrameUnit.Rows;
                break;
            case TokenKind.Range:
                unit = FrameUnit.Range;
                break;
            case TokenKind.Groups:
                unit = FrameUnit.Groups;
                break;
            default:
                return null;
        }

        Advance();
        FrameBound start;
        FrameBound end = new(FrameBoundKind.CurrentRow, null);
        if (Accept(TokenKind.Between))
        {
            start = ParseFrameBound(isStart: true);
            Expect(TokenKind.And);
            end = ParseFrameBound(isStart: false);
        }
        else
        {
            start = ParseFrameBound(isStart: true);
        }

        // The end may not come before the start in the order of the enumeration.
        if (start.Kind > end.Kind)
        {
            Complain("unsupported frame specification");
        }

        return new FrameSpecification(unit, start, end, ParseFrameExclude());
    }

    private FrameBound ParseFrameBound(bool isStart)
    {
        if (Accept(TokenKind.Unbounded))
        {
            Expect(isStart ? TokenKind.Preceding : TokenKind.Following);
            return new FrameBound(isStart ? FrameBoundKind.UnboundedPreceding : FrameBoundKind.UnboundedFollowing, null);
        }

        if (Accept(TokenKind.Current))
        {
            Expect(TokenKind.Row);
            return new FrameBound(FrameBoundKind.CurrentRow, null);
        }

        // An end's expression may hold ANDs; a start's may too only where no BETWEEN came before, and PRECEDING ends it first.
        ExpressionNode offset = ParseExpression();
        if (Accept(TokenKind.Preceding))
        {
            return new FrameBound(FrameBoundKind.Preceding, offset);
        }

        Expect(TokenKind.Following);
        return new FrameBound(FrameBoundKind.Following, offset);
    }

    private FrameExclude ParseFrameExclude()
    {
        if (!Accept(TokenKind.Exclude))
        {
            return FrameExclude.None;
        }

        if (Accept(TokenKind.No))
        {
            Expect(TokenKind.Others);
            return FrameExclude.NoOthers;
        }

        if (Accept(TokenKind.Current))
        {
            Expect(TokenKind.Row);
            return FrameExclude.CurrentRow;
        }

        if (Accept(TokenKind.Group))
        {
            return FrameExclude.Group;
        }

        Expect(TokenKind.Ties);
        return FrameExclude.Ties;
    }

    /// <summary>WINDOW name AS (...), ...: the keyword has been read.</summary>
    private List<(string Name, WindowSpecification Window)> ParseWindowDefinitions()
    {
        var windows = new List<(string Name, WindowSpecification Window)>();
        do
        {
            string name = ParseName();
            Expect(TokenKind.As);
            windows.Add((name, ParseWindow()));
        }
        while (Accept(TokenKind.Comma));
        return windows;
    }
}
