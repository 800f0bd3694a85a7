using System.Buffers;

namespace Sluice.Engine.Transactions;

/// <content>Nodes that were dropped and serve again.</content>
internal sealed partial class DeltaMap<TKey, TOrder>
{
    /// <summary>
    /// Nodes that a sweep has dropped, for new keys. A node lives until the checkpoint after its commit: the worst age for a garbage collector, which has carried it
    /// through all generations by then and frees it only with everything else.
    /// <para>1. An unlinked node stays as it is while somebody may stand on it, that is until all have left who were there when it was unlinked
    /// (<see cref="Arrivals"/>): who comes later cannot find it. 2. Nodes that a rollback has unlinked do not serve again: they may be remembered (<see cref="_lastPut"/>).
    /// 3. They serve again in the order in which they were made, which is that of their addresses: writers and checkpoints go through them in about this order.
    /// Nothing looks at one in between, for it is no longer in the processor's caches.
    /// 4. Those that are linked and those that are spare are together no more than were linked at the most; what was not needed from one sweep to the next
    /// is given up by halves. While an old reader may stand on them, no more are kept than one large sweep drops; the others are left to the collector.</para>
    /// <para>Guarded by the map's lock, but for what the sweep drops.</para>
    /// </summary>
    private sealed class SpareNodes(Arrivals arrivals)
    {
        /// <summary>What one sweep has dropped. The arrays are borrowed.</summary>
        private sealed class Batch
        {
            private Node[] _nodes = [];

            /// <summary>For each node its serial number, above its level.</summary>
            private long[] _places = [];
            private int _first;
            private int _end;

            /// <summary>May serve again when all have left who came before it.</summary>
            public long Barrier { get; set; } = long.MaxValue;

            public int Count => _end - _first;

            public int NextLevel => (byte)_places[_first];

            public void Add(Node node)
            {
                if (_end == _nodes.Length)
                {
                    Grow();
                }

                _places[_end] = ((long)node.Serial << 8) | (byte)node.Level;
                _nodes[_end++] = node;
            }

            public void Sort() => _places.AsSpan(0, _end).Sort(_nodes.AsSpan(0, _end));

            public Node Take() => _nodes[_first++];

            /// <summary>Nobody stands on the nodes any more: they keep nothing in memory.</summary>
            public void Clear()
            {
                foreach (Node node in _nodes.AsSpan(_first, Count))
                {
                    node.Clear();
                }
            }

            /// <summary>So many nodes are the collector's.</summary>
            public void GiveUp(int surplus)
            {
                _nodes.AsSpan(_first, surplus).Clear();
                _first += surplus;
            }

            public void GiveBack()
            {
                if (_nodes.Length > 0)
                {
                    ArrayPool<Node>.Shared.Return(_nodes, clearArray: true);
                    ArrayPool<long>.Shared.Return(_places);
                }
            }

            private void Grow()
            {
                Node[] nodes = ArrayPool<Node>.Shared.Rent(Math.Max(256, _end * 2));
                long[] places = ArrayPool<long>.Shared.Rent(nodes.Length);
                _nodes.CopyTo(nodes, 0);
                _places.AsSpan(0, _end).CopyTo(places);
                GiveBack();
                _nodes = nodes;
                _places = places;
            }
        }

        private readonly Queue<Batch> _batches = new();
        private int _count;

        /// <summary>The fewest there were since the last sweep.</summary>
        private int _fewest;

        private int _nextLevel;

        /// <summary>What a large sweep drops: that of the last one, or three quarters of what it was before.</summary>
        private int _largest;

        // Owned by the sweep.
        private Batch _dropped = new();

        /// <summary>The level that the next node probably has; 0 if there is probably none. Asked without the lock.</summary>
        public int NextLevel => Volatile.Read(ref _nextLevel);

        /// <summary>A node to be made anew, or null.</summary>
        public Node? Take()
        {
            if (!_batches.TryPeek(out Batch? batch) || batch.Barrier > arrivals.Oldest)
            {
                _nextLevel = 0;
                return null;
            }

            Node node = batch.Take();
            _fewest = Math.Min(_fewest, --_count);
            if (batch.Count == 0)
            {
                _batches.Dequeue().GiveBack();
                _nextLevel = 0;
            }
            else
            {
                _nextLevel = batch.NextLevel;
            }

            return node;
        }

        /// <summary>A node was unlinked by a sweep, which calls <see cref="Arrange"/> and <see cref="Retire"/> when it is done.</summary>
        public void Drop(Node node) => _dropped.Add(node);

        /// <summary>Puts what was dropped in order; needs no lock.</summary>
        public void Arrange() => _dropped.Sort();

        /// <summary>What was dropped may serve again when all have left who came before <paramref name="barrier"/>.</summary>
        public void Retire(long barrier)
        {
            GiveUp(_fewest / 2);
            _largest = Math.Max(_dropped.Count, _largest / 4 * 3);
            if (_batches.TryPeek(out Batch? left) && left.Barrier <= arrivals.Oldest)
            {
                // Not used up since the last sweep: they may have to wait for long.
                left.Clear();
            }

            if (_dropped.Count > 0)
            {
                _dropped.Barrier = barrier;
                _batches.Enqueue(_dropped);
                _count += _dropped.Count;
                _dropped = new Batch();
            }

            while (_count > _largest && _batches.Peek() is { } oldest && oldest.Barrier > arrivals.Oldest)
            {
                GiveUp(oldest.Count);
            }

            _fewest = _count;
        }

        private void GiveUp(int surplus)
        {
            _count -= surplus;
            while (surplus > 0)
            {
                Batch batch = _batches.Peek();
                int some = Math.Min(surplus, batch.Count);
                batch.GiveUp(some);
                surplus -= some;
                if (batch.Count == 0)
                {
                    _batches.Dequeue().GiveBack();
                }
            }
        }
    }
}
