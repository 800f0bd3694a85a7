using System.Buffers.Binary;
using Sluice.Engine;
using Sluice.Engine.Format;
using Sluice.Simulation.Disk;
using Xunit.Abstractions;

namespace Sluice.Simulation.Flips;

/// <summary>
/// Every byte of a small database changed in turn: each change is an error that names the file, or the answers are right. The environment
/// variable SLUICE_FLIP_ALL_BITS=1 changes each bit by itself instead of all bits of each byte.
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
        Wrong,
    }

    [Fact]
    public void A_changed_byte_of_the_file_is_an_error_or_changes_nothing()
    {
        SmallDatabase database = SmallDatabase.Make(Ending.Closed);
        Assert.Equal([SmallDatabase.Path], database.Files.Keys);
        byte[] image = database.Files[SmallDatabase.Path];
        DatabaseHeader header = DatabaseHeader.Parse(image, SmallDatabase.Path);
        Assert.True(header.ChecksumsAreValid);
        Assert.True(header.FreelistCount > 1, "no leaf page on the freelist");

        // Without effect: the fields that say that there are checksums, and free pages.
        (int right, int errors) = Probe(database, FileKind.Database);
        int free = (int)header.FreelistCount * header.PageSize * s_masks.Length;
        Assert.InRange(right, 1, (12 * s_masks.Length) + free);
        Assert.True(errors > 0);
    }

    /// <summary>Recovery reads pages, and writes those that it changes.</summary>
    [Theory]
    [InlineData(Ending.Killed)]
    [InlineData(Ending.KilledInCheckpoint)]
    public void A_changed_byte_of_the_file_of_a_killed_process_is_an_error_or_changes_nothing(Ending ending)
    {
        (int right, int errors) = Probe(SmallDatabase.Make(ending), FileKind.Database);
        Assert.True(errors > 500, $"only {errors} changes were noticed");
        Assert.True(right > 0);
    }

    [Fact]
    public void A_changed_byte_of_the_log_is_an_error_or_changes_nothing()
    {
        (int right, int errors) = Probe(SmallDatabase.Make(Ending.Killed), FileKind.Log);
        Assert.True(errors > 500, $"only {errors} changes were noticed");
        Assert.True(right > 0);
    }

    [Fact]
    public void A_changed_byte_of_a_hot_journal_is_an_error_or_changes_nothing()
    {
        SmallDatabase database = SmallDatabase.Make(Ending.KilledInCheckpoint);
        uint records = BinaryPrimitives.ReadUInt32BigEndian(database.Files[SmallDatabase.Path + "-journal"].AsSpan(8));
        Assert.True(records > 4, $"only {records} pages were being changed");
        (int right, int errors) = Probe(database, FileKind.Journal);
        Assert.True(errors > records * 512, $"only {errors} changes were noticed");
        Assert.True(right > 0);
    }

    private (int Right, int Errors) Probe(SmallDatabase database, FileKind kind)
    {
        string[] paths = [.. database.Files.Keys.Where(path => IoPoint.KindOf(path) == kind)];
        Assert.Equal(database.Answers, SmallDatabase.ReadAll(SmallDatabase.Open(database.CopyWith(paths[0], 0, 0))));
        List<string> wrong = [];
        int[] counts = new int[3];
        string at = "";
        var probing = new Thread(() =>
        {
            foreach ((string path, int offset, byte mask) in Changes(database, paths))
            {
                Volatile.Write(ref at, $"byte {offset} of {path} xor 0x{mask:x2}");
                (Outcome outcome, string what) = ProbeOne(database, path, offset, mask);
                counts[(int)outcome]++;
                if (outcome == Outcome.Wrong)
                {
                    wrong.Add($"{at}: {what}");
                }
            }
        });
        probing.Start();
        Assert.True(probing.Join(TimeSpan.FromMinutes(s_masks.Length * 4)), $"hangs at {Volatile.Read(ref at)}");
        output.WriteLine(
            $"{string.Join(" and ", paths)}, {paths.Sum(path => database.Files[path].Length)} bytes, {s_masks.Length} changes each: "
            + $"{counts[0]} without effect, {counts[1]} errors, {counts[2]} wrong");
        Assert.True(wrong.Count == 0, string.Join("\n", wrong.Take(10)));
        return (counts[0], counts[1]);
    }

    private static IEnumerable<(string Path, int Offset, byte Mask)> Changes(SmallDatabase database, string[] paths) =>
        from path in paths
        from offset in Enumerable.Range(0, database.Files[path].Length)
        from mask in s_masks
        select (path, offset, mask);

    private static (Outcome Outcome, string What) ProbeOne(SmallDatabase database, string path, int offset, byte mask)
    {
        try
        {
            Database opened = SmallDatabase.Open(database.CopyWith(path, offset, mask));
            IReadOnlyList<string> answers = SmallDatabase.ReadAll(opened);
            return answers.SequenceEqual(database.Answers) ? (Outcome.Right, "") : (Outcome.Wrong, "an answer that differs");
        }
        catch (SluiceException error)
        {
            return error.Message.Contains(SmallDatabase.Path, StringComparison.Ordinal)
                ? (Outcome.Error, error.Message)
                : (Outcome.Wrong, $"an error that does not name the file: {error.Code}: {error.Message}");
        }
        catch (Exception error)
        {
            return (Outcome.Wrong, $"unhandled: {error}");
        }
    }
}
