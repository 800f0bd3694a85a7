using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Sluice.Differential;

/// <summary>
/// Makes a case that shows a difference short: leaves out statements, then pieces of statements, as long as the same kind of difference
/// stays and the statement does in SQLite what it did (an answer or an error).
/// </summary>
internal sealed partial class Shrinker(Difference found, TimeSpan limit)
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();

    [GeneratedRegex("""'(?:[^']|'')*'|"(?:[^"]|"")*"|[A-Za-z_][A-Za-z_0-9]*|[0-9][0-9A-Za-z.]*(?:(?<=[eE])[+-][0-9]+)?|<=|>=|<>|!=|==|\|\||->>|->|<<|>>|\S""")]
    private static partial Regex Token();

    public (Case Case, Difference Difference) Shrink(Case start)
    {
        (Case Case, Difference Difference) best = (start with { Steps = [.. start.Steps.Take(found.At + 1)] }, found);
        bool isShorter = true;
        while (isShorter && _watch.Elapsed < limit)
        {
            int before = Length(best.Case);
            LeaveOutSteps(ref best);
            for (int i = best.Case.Steps.Count - 1; i >= 0; i--)
            {
                Cut(ref best, i);
            }

            isShorter = Length(best.Case) < before;
        }

        return best;
    }

    private static int Length(Case @case) => @case.Steps.Sum(step => step.Sql.Length + 1);

    private void LeaveOutSteps(ref (Case Case, Difference Difference) best)
    {
        for (int length = Math.Max(1, best.Case.Steps.Count / 2); length >= 1; length /= 2)
        {
            for (int at = best.Case.Steps.Count - 1 - length; at >= 0; at--)
            {
                if (at + length < best.Case.Steps.Count)
                {
                    List<Step> steps = [.. best.Case.Steps];
                    steps.RemoveRange(at, length);
                    Try(ref best, steps);
                }
            }
        }
    }

    private void Cut(ref (Case Case, Difference Difference) best, int at)
    {
        List<string> tokens = [.. Token().Matches(best.Case.Steps[at].Sql).Select(match => match.Value)];
        for (int length = tokens.Count / 2; length >= 1; length = length > 8 ? length / 2 : length - 1)
        {
            for (int from = tokens.Count - length; from >= 0; from--)
            {
                if (from + length <= tokens.Count && IsBalanced(tokens, from, length))
                {
                    Replace(ref best, at, ref tokens, from, length, []);
                }
            }
        }

        for (int from = tokens.Count - 1; from >= 0; from--)
        {
            if (from >= tokens.Count || tokens[from] != "(" || End(tokens, from) is not (> 0 and int end))
            {
                continue;
            }

            bool isCall = from > 0 && (char.IsAsciiLetter(tokens[from - 1][0]) || tokens[from - 1][0] == '_');
            if (!Replace(ref best, at, ref tokens, from, end + 1 - from, ["NULL"])
                && !Replace(ref best, at, ref tokens, from, end + 1 - from, ["1"])
                && !(isCall && Replace(ref best, at, ref tokens, from - 1, end + 2 - from, ["1"]))
                && !(isCall && Replace(ref best, at, ref tokens, from - 1, end + 2 - from, ["NULL"]))
                && !(isCall && Replace(ref best, at, ref tokens, from - 1, end + 2 - from, tokens[(from + 1)..end])))
            {
                Replace(ref best, at, ref tokens, from, end + 1 - from, tokens[(from + 1)..end]);
            }
        }
    }

    private bool Replace(ref (Case Case, Difference Difference) best, int at, ref List<string> tokens, int from, int length, List<string> by)
    {
        List<string> changed = [.. tokens[..from], .. by, .. tokens[(from + length)..]];
        List<Step> steps = [.. best.Case.Steps];
        steps[at] = steps[at] with { Sql = string.Join(' ', changed) };
        if (!Try(ref best, steps))
        {
            return false;
        }

        tokens = changed;
        return true;
    }

    private bool Try(ref (Case Case, Difference Difference) best, List<Step> steps)
    {
        if (_watch.Elapsed > limit)
        {
            return false;
        }

        Case shorter = best.Case with { Steps = steps };
        if (Replay.Run(shorter, _ => false) is not { } difference
            || difference.At != steps.Count - 1
            || difference.What != found.What
            || difference.Theirs.ErrorCode != found.Theirs.ErrorCode
            || difference.Ours.ErrorCode != found.Ours.ErrorCode
            || (found.Ours.ErrorCode != 0 && Words(difference.Ours.Error) != Words(found.Ours.Error))
            || Replay.IsUndecided(shorter, difference))
        {
            return false;
        }

        best = (shorter, difference);
        return true;
    }

    /// <summary>The beginning of a message, which does not name anything.</summary>
    private static string Words(string message) => message[..Math.Min(12, message.Length)];

    private static bool IsBalanced(List<string> tokens, int from, int length)
    {
        int depth = 0;
        for (int i = from; i < from + length; i++)
        {
            depth += tokens[i] == "(" ? 1 : tokens[i] == ")" ? -1 : 0;
            if (depth < 0)
            {
                return false;
            }
        }

        return depth == 0;
    }

    /// <summary>Where the parenthesis at <paramref name="from"/> is closed, or -1.</summary>
    private static int End(List<string> tokens, int from)
    {
        int depth = 0;
        for (int i = from; i < tokens.Count; i++)
        {
            depth += tokens[i] == "(" ? 1 : tokens[i] == ")" ? -1 : 0;
            if (depth == 0)
            {
                return i;
            }
        }

        return -1;
    }
}
