using System.Runtime.CompilerServices;
using Sluice.Engine.Format;
using Sluice.Engine.Log;

namespace Sluice.Engine.Transactions;

/// <summary>Where a search stands relative to a key: negative when the key is before what is looked for.</summary>
internal interface IProbe<TKey>
{
    int CompareKey(in TKey key);
}

/// <summary>
/// An ordered map from key to version chain: a skip list whose readers take no lock and never wait.
/// <para>Invariants. 1. Links of a level change only under the map's lock, which is held for the linking alone: the search for the place is
/// done before, and repeated under the lock only if the neighbours have changed. (One lock a map and not one a node: appending
/// writers all meet at the last node anyway, and the lock is held for some ten instructions.) 2. A node is linked from the
/// bottom level up and unlinked from the top down, and keeps its own links when it is unlinked: whoever stands on it still finds
/// the way on, and looks its place up again if it must not miss what came between. Once all transactions of that time have ended its links are cut
/// (<see cref="DeltaNode.CutLinks"/>): each dead node would lead to the next newer one, and a collector of generations would take all of them for alive. 3. A node is unlinked only after
/// <see cref="DeltaNode.TryRemove"/>: nobody puts a version in it any more.</para>
/// <para>New keys mostly come right behind one that came shortly before: the next rowid, the next time of a series. So the map remembers where nodes were put
/// (<see cref="Push"/>), and three of four new nodes, those of the bottom level only, need no search.</para>
/// </summary>
/// <typeparam name="TKey">long for tables, <see cref="IndexKey"/> for indexes.</typeparam>
/// <typeparam name="TOrder">The order of keys; a structure, so that the compiler makes a map of its own for it.</typeparam>
/// <param name="order">The order of keys.</param>
/// <param name="places">How many places are remembered.</param>
internal sealed class DeltaMap<TKey, TOrder>(TOrder order, int places)
    where TOrder : struct, IComparer<TKey>
{
    /// <summary>With a quarter of the nodes in each next level, enough for 4^12 keys.</summary>
    private const int MaxLevel = 12;

    /// <summary>So many steps at a level cost less than a search from the top.</summary>
    private const int NearSteps = 8;

    private readonly Node _head = new(default!, MaxLevel, new CommitStamp(), default, deleted: true);
    private readonly Lock _structure = new();
    private readonly TOrder _order = order;

    /// <summary>Nodes put last, each a hint that may be stale or lost: whoever follows it looks where it leads.</summary>
    private readonly Node?[] _lastPut = new Node?[places];

    private int _levels = 1;

    /// <summary>Two writers at once may draw the same number, which does no harm.</summary>
    private uint _random = 0x9e3779b9;

    public sealed class Node : DeltaNode
    {
        private readonly Node?[]? _upper;
        private Node? _next;

        internal Node(TKey key, int level, CommitStamp owner, Payload content, bool deleted) : base(owner, content, deleted)
        {
            Key = key;
            _upper = level > 1 ? new Node?[level - 1] : null;
        }

        public TKey Key { get; }

        /// <summary>The node after this one; null at the end.</summary>
        public Node? Next => Volatile.Read(ref _next);

        public override void CutLinks()
        {
            _next = null;
            Array.Clear(_upper ?? []);
        }

        internal int Level => 1 + (_upper?.Length ?? 0);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal Node? NextAt(int level) => level == 0 ? Volatile.Read(ref _next) : Volatile.Read(ref _upper![level - 1]);

        internal void Link(int level, Node? next)
        {
            if (level == 0)
            {
                Volatile.Write(ref _next, next);
            }
            else
            {
                Volatile.Write(ref _upper![level - 1], next);
            }
        }
    }

    /// <summary>Where a key is: at each level the last node, or the head, before it; in a walk over ascending keys one before. Nothing by default.</summary>
    [InlineArray(MaxLevel)]
    public struct Place
    {
        private Node? _first;
    }

    public bool IsEmpty => _head.Next is null;

    public Node? First => _head.Next;

    public Node? Last
    {
        get
        {
            Node node = _head;
            for (int level = Volatile.Read(ref _levels) - 1; level >= 0; level--)
            {
                while (node.NextAt(level) is { } next)
                {
                    node = next;
                }
            }

            return ReferenceEquals(node, _head) ? null : node;
        }
    }

    /// <summary>The first node whose key is not before the probe.</summary>
    public Node? Ceiling<TProbe>(in TProbe probe) where TProbe : struct, IProbe<TKey>, allows ref struct => Before(probe).Next;

    /// <summary>The last node whose key is before the probe.</summary>
    public Node? Lower<TProbe>(in TProbe probe) where TProbe : struct, IProbe<TKey>, allows ref struct
    {
        Node node = Before(probe);
        return ReferenceEquals(node, _head) ? null : node;
    }

    /// <summary>The node of a key, or null.</summary>
    public Node? Find(in TKey key)
    {
        Node node = _head;
        for (int level = Volatile.Read(ref _levels) - 1; level >= 0; level--)
        {
            while (node.NextAt(level) is { } next)
            {
                int compared = _order.Compare(next.Key, key);
                if (compared > 0)
                {
                    break;
                }

                if (compared == 0)
                {
                    return next;
                }

                node = next;
            }
        }

        return null;
    }

    /// <summary>
    /// Puts a version on the key's chain, making its node if there is none: the node is the version then. <paramref name="spread"/> is the same for keys that are
    /// likely to come one behind the other.
    /// </summary>
    /// <returns>Null on a conflict.</returns>
    public Node? Push(in TKey key, uint spread, CommitStamp owner, Payload content, bool deleted, long snapshot, out Version version)
    {
        version = null!;
        Place place = default;
        ref Node? lastPut = ref _lastPut[spread % (uint)_lastPut.Length];
        int newLevel = NextLevel();
        bool isKnown = newLevel == 1 && IsNear(key, Volatile.Read(ref lastPut), ref place);
        while (true)
        {
            Node? found = isKnown ? null : FindPlace(key, ref place);
            isKnown = false;
            if (found is not null)
            {
                version ??= new Version(owner, content, deleted);
                switch (found.TryPush(version, snapshot))
                {
                    case PushResult.Pushed:
                        return found;
                    case PushResult.Conflict:
                        return null;
                }

                // It is being unlinked: its remover holds the map's lock or is about to take it.
                lock (_structure)
                {
                    continue;
                }
            }

            lock (_structure)
            {
                if (!IsBetween(place[0]!, key))
                {
                    continue;
                }

                Node node = new(key, newLevel, owner, content, deleted);
                RefreshPlace(node.Level, key, ref place);
                for (int level = 0; level < node.Level; level++)
                {
                    Node previous = level < _levels ? PreviousAt(place[level]!, level, key) : _head;
                    node.Link(level, previous.NextAt(level));
                    previous.Link(level, node);
                }

                if (node.Level > _levels)
                {
                    Volatile.Write(ref _levels, node.Level);
                }

                Volatile.Write(ref lastPut, node);
                version = node;
                return node;
            }
        }
    }

    /// <summary>Before nodes are dropped: one that is still remembered would keep all that were dropped behind it in memory.</summary>
    public void ForgetPlaces() => Array.Clear(_lastPut);

    /// <summary>Unlinks a node if it is empty. False if it was not, or somebody else has removed it.</summary>
    public bool TryRemove(Node node)
    {
        Place place = default;
        lock (_structure)
        {
            if (!node.TryRemove())
            {
                return false;
            }

            FindPlace(node.Key, ref place);
            Unlink(node, ref place);
            return true;
        }
    }

    /// <summary>
    /// Drops the versions of a node that are not needed, see <see cref="DeltaNode.Cut"/>; true when none was left and it is unlinked. Cheap for nodes in
    /// ascending order with one <paramref name="place"/>.
    /// </summary>
    public bool Cut(Node node, Needed needed, long from, long to, ref SweepFigures figures, ref Place place, out bool keeps)
    {
        lock (_structure)
        {
            if (!node.Cut(needed, from, to, ref figures, out keeps))
            {
                return false;
            }

            if (!IsNear(node, place))
            {
                FindPlace(node.Key, ref place);
            }

            Unlink(node, ref place);
            return true;
        }
    }

    /// <summary>Whether a new key belongs a few steps behind a node: the last node before it is its place then, at the bottom level.</summary>
    private bool IsNear(in TKey key, Node? node, ref Place place)
    {
        if (node is null || node.Removed || _order.Compare(node.Key, key) >= 0)
        {
            return false;
        }

        for (int steps = NearSteps; steps > 0; steps--)
        {
            Node? next = node.Next;
            int compared = next is null ? 1 : _order.Compare(next.Key, key);
            if (compared >= 0)
            {
                place[0] = node;
                return compared > 0;
            }

            node = next!;
        }

        return false;
    }

    /// <summary>Whether the place of a key before leads to a node in a few steps. Under the map's lock.</summary>
    private static bool IsNear(Node node, in Place place)
    {
        for (int level = node.Level - 1; level >= 0; level--)
        {
            Node? before = place[level];
            if (before is null || before.Removed)
            {
                return false;
            }

            int steps = NearSteps;
            while (before is not null && !ReferenceEquals(before.NextAt(level), node))
            {
                before = steps-- > 0 ? before.NextAt(level) : null;
            }

            if (before is null)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Takes a node that is marked removed out of all levels, from nodes before it; moves these on to its neighbours.</summary>
    private static void Unlink(Node node, ref Place place)
    {
        for (int level = node.Level - 1; level >= 0; level--)
        {
            Node previous = place[level]!;
            while (!ReferenceEquals(previous.NextAt(level), node))
            {
                previous = previous.NextAt(level)!;
            }

            previous.Link(level, node.NextAt(level));
            place[level] = previous;
        }
    }

    /// <summary>The last node, or the head, whose key is before the probe.</summary>
    private Node Before<TProbe>(in TProbe probe) where TProbe : struct, IProbe<TKey>, allows ref struct
    {
        Node node = _head;
        for (int level = Volatile.Read(ref _levels) - 1; level >= 0; level--)
        {
            while (node.NextAt(level) is { } next && probe.CompareKey(next.Key) < 0)
            {
                node = next;
            }
        }

        return node;
    }

    /// <summary>The node of a key, and at each level the last node before it.</summary>
    private Node? FindPlace(in TKey key, ref Place place)
    {
        Node node = _head;
        Node? found = null;
        for (int level = Volatile.Read(ref _levels) - 1; level >= 0; level--)
        {
            while (node.NextAt(level) is { } next)
            {
                int compared = ReferenceEquals(next, found) ? 0 : _order.Compare(next.Key, key);
                if (compared == 0)
                {
                    found = next;
                }

                if (compared >= 0)
                {
                    break;
                }

                node = next;
            }

            place[level] = node;
        }

        return found;
    }

    /// <summary>Whether a key belongs right behind a node that is still linked. Under the map's lock.</summary>
    private bool IsBetween(Node previous, in TKey key) =>
        !previous.Removed && (previous.Next is not { } next || _order.Compare(next.Key, key) > 0);

    /// <summary>Searches anew if a node of the place was unlinked, or levels were added, since it was found. Under the map's lock.</summary>
    private void RefreshPlace(int levels, in TKey key, ref Place place)
    {
        for (int level = 1; level < levels && level < _levels; level++)
        {
            if (place[level] is not { Removed: false })
            {
                FindPlace(key, ref place);
                return;
            }
        }
    }

    /// <summary>The last node before a key at a level, going on from one that was it before the lock was taken.</summary>
    private Node PreviousAt(Node start, int level, in TKey key)
    {
        Node node = start;
        while (node.NextAt(level) is { } next && _order.Compare(next.Key, key) < 0)
        {
            node = next;
        }

        return node;
    }

    /// <summary>1 with three quarters of the nodes, 2 with three sixteenths, and so on (xorshift, Marsaglia 2003).</summary>
    private int NextLevel()
    {
        uint random = _random;
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        _random = random;
        return Math.Min(MaxLevel, 1 + (System.Numerics.BitOperations.TrailingZeroCount(random) / 2));
    }
}
