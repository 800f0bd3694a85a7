using Sluice.Engine;
using Xunit.Abstractions;

namespace Sluice.Simulation.Flips;

/// <summary>
/// Every byte of a small database changed in turn. The environment variable SLUICE_FLIP_ALL_BITS=1 changes each bit by itself instead of all
/// bits of each byte.
/// </summary>
public sealed class FlipTests(ITestOutputHelper output)
{
    private static readonly byte[] s_masks = Environment.GetEnvironmentVariable("SLUICE_FLIP_ALL_BITS") == "1"
        ? [1, 2, 4, 8, 16, 32, 64, 128]
        : [0xff];

    private enum Outcome
    {
        Right,
        Error,

        /// <summary>An answer that differs.</summary>
        Changed,
        Wrong,
    }

    /// <summary>Batches carry checksums: each change of the log is noticed or has no effect.</summary>
    [Fact]
    public void A_changed_byte_of_the_log_is_an_error_that_names_it_or_changes_nothing()
    {
        SmallDatabase database = SmallDatabase.Make(closed: false);
        string log = Assert.Single(database.Files.Keys, path => path.Contains("-log.", StringComparison.Ordinal));
        (int right, int errors, List<string> wrong) = Probe(database, log);
        Assert.True(wrong.Count == 0, string.Join("\n", wrong.Take(10)));
        Assert.True(errors > 500, $"only {errors} changes were noticed");
        Assert.True(right > 0);
    }

    /// <summary>
    /// SQLite's pages carry no checksums: where a value itself is changed, no reader can know, and it is read as it stands. How many changes that are
    /// is printed. Never a hang, and never an error that does not name the file.
    /// </summary>
    [Fact]
    public void A_changed_byte_of_the_file_is_an_error_that_names_it_or_is_read_as_it_stands()
    {
        SmallDatabase database = SmallDatabase.Make(closed: true);
        Assert.Equal([SmallDatabase.Path], database.Files.Keys);
        (int right, int errors, List<string> wrong) = Probe(database, SmallDatabase.Path);
        Assert.True(wrong.Count == 0, string.Join("\n", wrong.Take(10)));
        Assert.True(errors > 200, $"only {errors} changes were noticed");
        Assert.True(right > 0);
    }

    private (int Right, int Errors, List<string> Wrong) Probe(SmallDatabase database, string path)
    {
        byte[] image = database.Files[path];
        List<string> wrong = [];
        int[] counts = new int[4];
        int changed = 0;
        string at = "";
        var probing = new Thread(() =>
        {
            for (int offset = 0; offset < image.Length; offset++)
            {
                foreach (byte mask in s_masks)
                {
                    Volatile.Write(ref at, $"byte {offset} of {path} xor 0x{mask:x2}");
                    (Outcome outcome, string what) = ProbeOne(database, path, offset, mask);
                    if (outcome == Outcome.Changed)
                    {
                        changed++;
                        outcome = path == SmallDatabase.Path ? Outcome.Changed : Outcome.Wrong;
                    }

                    counts[(int)outcome]++;
                    if (outcome == Outcome.Wrong)
                    {
                        wrong.Add($"{at}: {what}");
                    }
                }
            }
        });
        probing.Start();
        Assert.True(probing.Join(TimeSpan.FromMinutes(s_masks.Length * 4)), $"hangs at {Volatile.Read(ref at)}");
        output.WriteLine($"{path}: {image.Length} bytes, {s_masks.Length} changes each: {counts[0]} without effect, {counts[1]} errors, {changed} read as they stand, {counts[3]} wrong");
        return (counts[0], counts[1], wrong);
    }

    private static (Outcome Outcome, string What) ProbeOne(SmallDatabase database, string path, int offset, byte mask)
    {
        try
        {
            Database opened = SmallDatabase.Open(database.CopyWith(path, offset, mask));
            IReadOnlyList<string> answers = SmallDatabase.ReadAll(opened);
            return answers.SequenceEqual(database.Answers) ? (Outcome.Right, "") : (Outcome.Changed, "an answer that differs");
        }
        catch (SluiceException error)
        {
            // An error in what is stored as SQL names the object; all others name the file.
            return error.Message.Contains(SmallDatabase.Path, StringComparison.Ordinal) || error.PrimaryCode is ResultCode.Error
                ? (Outcome.Error, error.Message)
                : (Outcome.Wrong, $"an error that does not name the file: {error.Code}: {error.Message}");
        }
        catch (Exception error)
        {
            return (Outcome.Wrong, $"unhandled: {error}");
        }
    }
}
