namespace Sluice.Differential;

/// <summary>A statement to which the engine and SQLite gave different answers.</summary>
/// <param name="At">Its place among the steps of the case.</param>
/// <param name="Step">The statement, or the query that showed a table after it.</param>
/// <param name="What">What is different in a few words.</param>
/// <param name="Theirs">SQLite's answer.</param>
/// <param name="Ours">The engine's.</param>
internal sealed record Difference(int At, Step Step, string What, Answer Theirs, Answer Ours);

/// <summary>Runs a case on the engine and on SQLite.</summary>
internal static class Replay
{
    /// <summary>Ways of <see cref="Elsewhere"/>.</summary>
    private const int Variants = 4;

    /// <summary>In seconds; otherwise a command has 30.</summary>
    private const int LongLimit = 300;

    /// <summary>The first difference for which <paramref name="isExplained"/> is not true, or null.</summary>
    public static Difference? Run(Case @case, Func<Difference, bool> isExplained) => Run(@case, isExplained, out _);

    /// <summary>As the other one, and how many steps it came to: a change with an explained difference is a case's last step.</summary>
    public static Difference? Run(Case @case, Func<Difference, bool> isExplained, out int done)
    {
        done = 0;
        using var ours = Subject.Sluice();
        using var theirs = Subject.Sqlite();
        for (int at = 0; at < @case.Steps.Count; at++)
        {
            Step step = @case.Steps[at];
            done = at + 1;
            if (step.Kind is StepKind.Ours)
            {
                _ = ours.Run(step.Sql);
                continue;
            }

            if (Ask(step, at, theirs, ours) is { } difference)
            {
                if (!isExplained(difference))
                {
                    return difference;
                }

                if (step.Kind is not StepKind.Query && difference.What != "values")
                {
                    return null;
                }
            }

            if (step.Kind is StepKind.Change)
            {
                // Also where what RETURNING gave differs.
                foreach (Step show in @case.Contents)
                {
                    if (Ask(show, at, theirs, ours) is { } content)
                    {
                        // What comes after it starts from other rows.
                        return isExplained(content) ? null : content;
                    }
                }
            }
        }

        return null;
    }

    /// <summary>
    /// Whether SQLite itself gives another answer when nothing changes but the way it goes through the tables: then the statement does not
    /// decide its answer. The engine's may differ from SQLite's then in what SQLite's differ in, and not otherwise: values and their order, and
    /// these in no other columns; an error, a number of rows or of changed rows must be one of SQLite's, too.
    /// </summary>
    public static bool IsUndecided(Case @case, Difference difference)
    {
        bool isOfThisKind = false;
        HashSet<int> undecided = [];
        for (int variant = 0; variant < Variants; variant++)
        {
            Answer other = Elsewhere(@case, difference, variant);
            isOfThisKind |= Comparison.Difference(difference.Step, difference.Theirs, other) == difference.What
                && Comparison.Difference(difference.Step, other, difference.Ours) is null or "values" or "order of rows";
            undecided.UnionWith(Comparison.DifferentColumns(difference.Step, difference.Theirs, other));
            if (isOfThisKind && Comparison.DifferentColumns(difference.Step, difference.Theirs, difference.Ours).All(undecided.Contains))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// SQLite's answer, when it goes through tables backwards (0), without indexes that may be missing (1), both and without making its own (2), or
    /// without any of what it can do but need not (3).
    /// </summary>
    private static Answer Elsewhere(Case @case, Difference difference, int variant)
    {
        using var subject = Subject.Sqlite();
        if (variant is 0 or 2)
        {
            subject.Run("PRAGMA reverse_unordered_selects = ON");
        }

        if (variant is 2)
        {
            subject.Run("PRAGMA automatic_index = OFF");
        }

        if (variant is 3)
        {
            subject.DisableOptimizations();
        }

        Answer answer = Answer.Failed(0, "");
        for (int at = 0; at <= difference.At; at++)
        {
            Step step = @case.Steps[at];
            bool isIndex = step.Sql.StartsWith("CREATE INDEX", StringComparison.Ordinal);
            if (step.Kind is not StepKind.Ours && !(isIndex && variant is 1 or 2))
            {
                answer = subject.Run(step.Sql, step.Kind is StepKind.Change);
            }
        }

        return @case.Steps[difference.At] == difference.Step ? answer : subject.Run(difference.Step.Sql);
    }

    /// <summary>Whether the engine gives SQLite's answer when it has ten times as long for it.</summary>
    public static bool IsOnlySlow(Case @case, Difference difference)
    {
        using var subject = Subject.Sluice(LongLimit);
        return Comparison.Difference(difference.Step, difference.Theirs, Last(subject, @case, difference, sql => sql)) is null;
    }

    /// <summary>Whether SQLite gives the engine's answer when statements are written another way, which means the same.</summary>
    public static bool IsDecidedByWriting(Case @case, Difference difference, Func<string, string> rewrite)
    {
        if (@case.Steps.Take(difference.At + 1).Append(difference.Step).All(step => rewrite(step.Sql) == step.Sql))
        {
            return false;
        }

        Answer answer = Rewritten(@case, difference, rewrite);
        return Comparison.Difference(difference.Step, answer with { Columns = difference.Ours.Columns }, difference.Ours) is null;
    }

    /// <summary>Whether both give one answer when statements are written another way, by which they may mean less.</summary>
    public static bool IsSameByWriting(Case @case, Difference difference, Func<string, string> rewrite)
    {
        using var ours = Subject.Sluice();
        return Comparison.Difference(difference.Step, Rewritten(@case, difference, rewrite), Last(ours, @case, difference, rewrite)) is null;
    }

    /// <summary>SQLite's answer when statements are written another way.</summary>
    public static Answer Rewritten(Case @case, Difference difference, Func<string, string> rewrite)
    {
        using var subject = Subject.Sqlite();
        return Last(subject, @case, difference, rewrite);
    }

    /// <summary>What is in the tables when the difference comes, in SQLite.</summary>
    public static IEnumerable<object?> Contents(Case @case, Difference difference)
    {
        using var subject = Subject.Sqlite();
        _ = Last(subject, @case, difference, sql => sql);
        return [.. @case.Contents.SelectMany(show => subject.Run(show.Sql).Rows).SelectMany(row => row)];
    }

    private static Answer Last(Subject subject, Case @case, Difference difference, Func<string, string> rewrite)
    {
        Answer answer = Answer.Failed(0, "");
        foreach (Step step in @case.Steps.Take(difference.At + 1).Where(step => step.Kind is not StepKind.Ours))
        {
            answer = subject.Run(rewrite(step.Sql), step.Kind is StepKind.Change);
        }

        return @case.Steps[difference.At] == difference.Step ? answer : subject.Run(rewrite(difference.Step.Sql));
    }

    private static Difference? Ask(Step step, int at, Subject theirs, Subject ours)
    {
        bool isChange = step.Kind is StepKind.Change;
        Answer expected = theirs.Run(step.Sql, isChange);
        Answer actual = ours.Run(step.Sql, isChange);
        return Comparison.Difference(step, expected, actual) is { } what ? new Difference(at, step, what, expected, actual) : null;
    }
}
