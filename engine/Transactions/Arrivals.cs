namespace Sluice.Engine.Transactions;

/// <summary>
/// Numbers those who hold a state of the database, in the order in which they come, so that one can tell when all who were there at a moment have left.
/// </summary>
internal sealed class Arrivals
{
    private long _next;
    private long _oldest;

    /// <summary>Held by who comes or leaves (<see cref="Epochs"/>).</summary>
    public Lock Gate { get; } = new();

    /// <summary>The number of who comes next, who sees all that was done before it was asked for.</summary>
    public long Next
    {
        get
        {
            lock (Gate)
            {
                return _next;
            }
        }
    }

    /// <summary>All with smaller numbers have left, and what they did is done. Takes no lock.</summary>
    public long Oldest => Volatile.Read(ref _oldest);

    /// <summary>Somebody comes. With the gate.</summary>
    public long Arrive() => _next++;

    /// <summary>Somebody has left. With the gate.</summary>
    /// <param name="oldest">The oldest of those who are left, if there is one.</param>
    public void Leave(Hold? oldest) => Volatile.Write(ref _oldest, oldest?.Number ?? _next);
}
