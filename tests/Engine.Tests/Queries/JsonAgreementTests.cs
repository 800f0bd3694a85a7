using System.Text;
using Xunit.Abstractions;

namespace Sluice.Engine.Tests.Queries;

/// <summary>What the JSON functions say of documents and paths made at random, many of them not well-formed, is what SQLite says.</summary>
public class JsonAgreementTests(ITestOutputHelper output)
{
    private const int Documents = 250;

    private const string Position = "SELECT json_error_position(?1)";

    private static readonly string[] s_ofDocument =
    [
        "SELECT json_error_position(?1) > 0, json_valid(?1, 1), json_valid(?1, 2), json_valid(?1, 4), json_valid(?1, 8)",
        "SELECT json(?1), hex(jsonb(?1))",
        "SELECT group_concat(id || ',' || ifnull(parent, '') || ',' || ifnull(key, '') || ',' || fullkey || ',' || path || ',' || CASE typeof(atom) WHEN 'real' THEN format('%.15g', atom) ELSE ifnull(atom, '') END, ' ') FROM json_tree(?1)",
        "SELECT json_pretty(?1, '.')",
    ];

    private static readonly string[] s_ofPath =
    [
        "SELECT json_extract(?1, ?2)",
        "SELECT ?1 -> ?2",
        "SELECT ?1 ->> ?2",
        "SELECT json_type(?1, ?2), json_array_length(?1, ?2)",
        "SELECT json_set(?1, ?2, 'x'), hex(jsonb_set(?1, ?2, json('[7]')))",
        "SELECT json_insert(?1, ?2, 1), hex(jsonb_replace(?1, ?2, json('{}')))",
        "SELECT hex(jsonb_remove(?1, ?2))",
        "SELECT group_concat(rowid || ',' || ifnull(key, '') || ',' || fullkey || ',' || path, ' ') FROM json_tree(?1, ?2)",
        "SELECT group_concat(ifnull(key, '') || ',' || fullkey || ',' || path || ',' || id, ' ') FROM json_each(?1, ?2)",
    ];

    private static readonly string[] s_words =
    [
        "true", "false", "null", "0", "-1", "12", "1.5", "-0.5e3", "1E+2", "\"\"", "\"a\"", "\"b c\"", "\"\\u0041\"", "\"\\n\"", "0x1F", "+5", ".5", "5.", "Infinity", "-inf", "NaN",
        "'q\"'", "'a'", "9223372036854775807", "01", "tru", "\"\\0\"",
    ];

    private static readonly string[] s_names = ["\"a\"", "\"b\"", "\"b c\"", "a", "b", "$x", "_y", "'a'", "\"\"", "\"a\\u0041\"", "\"\\\"\"", "null", "ä", "a1"];

    private static readonly string[] s_steps = [".a", ".b", "[0]", "[1]", "[#-1]", "[#]", ".\"b c\"", ".\"\"", ".$x", ".a1", "[", ".", "[2]", ".\"a\\u0041\"", "[#-3]", ".\"", "x"];

    private static readonly string[] s_noise = ["{", "}", "[", "]", ",", ":", "\"", "'", "\\", "-", "+", ".", "e", "0", "x", " ", "\t", "/", "*", "/**/", "//\n", "\u00a0", "\f", "n"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Random_documents_and_paths(int seed)
    {
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        using Twin twin = new();
        for (int i = 0; i < Documents; i++)
        {
            string document = Noisy(random, Value(random, 0));
            string path = random.Next(6) == 0 ? Pick(random, ["a", "b c", "", "1", "[0]", "\"", "a\"b", "a\\"]) : "$" + string.Concat(Enumerable.Range(0, random.Next(4)).Select(_ => Pick(random, s_steps)));
            foreach (string statement in s_ofDocument.Concat(s_ofPath))
            {
                Compare(twin, statement, [document, path]);
            }

            // What follows a whole value is wrong from the begin here; in SQLite, at times, from where something ended last.
            if (twin.Run(Position, [document]).Ours.Rows is not ["1"])
            {
                Compare(twin, Position, [document]);
            }
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Random_JSONB(int seed)
    {
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        using Twin twin = new();
        for (int i = 0; i < 4 * Documents; i++)
        {
            string? hex = twin.Run("SELECT hex(jsonb(?1))", [Value(random, 0)]).Ours.Rows is [var row] ? row.Trim('\'') : null;
            if (hex is null)
            {
                continue;
            }

            byte[] bytes = Convert.FromHexString(hex);
            for (int changes = random.Next(3); changes > 0; changes--)
            {
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            }

            Compare(twin, "SELECT json_valid(?1, 4), json_valid(?1, 8), json_error_position(?1)", [bytes]);
        }
    }

    private static void Compare(Twin twin, string statement, object?[] parameters)
    {
        (Outcome sqlite, Outcome ours) = twin.Run(statement, parameters);
        string shown = string.Join("  ", parameters.Select(parameter => parameter is byte[] bytes ? Convert.ToHexString(bytes) : parameter));
        // SQLite does not read a path behind the place where nothing can be made.
        bool isRefusedEdit = sqlite.Error is null && ours.Error?.Contains("bad JSON path", StringComparison.Ordinal) == true
            && statement.Contains("jsonb_", StringComparison.Ordinal) && ((string)parameters[1]!).Contains("[#-", StringComparison.Ordinal);
        Assert.True(isRefusedEdit || Twin.Difference(sqlite, ours) is null, $"{statement}\n{shown}\nSQLite {sqlite}\nSluice {ours}");
    }

    private static string Value(Random random, int depth)
    {
        int count = random.Next(4);
        return (depth > 3 ? 9 : random.Next(10)) switch
        {
            < 3 => $"[{string.Join(',', Enumerable.Range(0, count).Select(_ => Value(random, depth + 1)))}]",
            < 6 => $"{{{string.Join(',', Enumerable.Range(0, count).Select(_ => $"{Pick(random, s_names)}:{Value(random, depth + 1)}"))}}}",
            _ => Pick(random, s_words),
        };
    }

    /// <summary>In half of all cases something is put in or taken out.</summary>
    private static string Noisy(Random random, string text)
    {
        StringBuilder noisy = new(text);
        for (int changes = random.Next(2) * random.Next(1, 3); changes > 0; changes--)
        {
            int at = random.Next(noisy.Length + 1);
            if (random.Next(3) == 0 && at < noisy.Length)
            {
                noisy.Remove(at, 1);
            }
            else
            {
                noisy.Insert(at, Pick(random, s_noise));
            }
        }

        return noisy.ToString();
    }

    private static string Pick(Random random, string[] choices) => choices[random.Next(choices.Length)];
}
