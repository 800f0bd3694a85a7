using System.Globalization;

namespace Sluice.Simulation;

/// <summary>
/// What happened in a run, in order, as one number: two runs of a seed that did the same have the same <see cref="Hash"/>. With an output it is also
/// written out, one line an event.
/// </summary>
internal sealed class Trace(TextWriter? output = null)
{
    private const ulong FnvPrime = 1099511628211;

    public ulong Hash { get; private set; } = 14695981039346656037;

    public long Events { get; private set; }

    public bool IsWritten => output is not null;

    public void Add(string what, long a = 0, long b = 0)
    {
        Events++;
        ulong hash = Hash;
        foreach (char letter in what)
        {
            hash = (hash ^ letter) * FnvPrime;
        }

        hash = (hash ^ (ulong)a) * FnvPrime;
        Hash = (hash ^ (ulong)b) * FnvPrime;
        output?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Events,7} {what} {a} {b}"));
    }
}
