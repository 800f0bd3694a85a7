using System.Runtime.CompilerServices;
using Sluice.Engine.Format;
using Sluice.Engine.Log;

namespace Sluice.Engine.Transactions;

/// <content>The nodes.</content>
internal sealed partial class DeltaMap<TKey, TOrder>
{
    public sealed class Node : DeltaNode
    {
        private readonly Node?[]? _upper;
        private Node? _next;

        internal Node(TKey key, int level, int serial, CommitStamp owner, Payload content, bool deleted) : base(serial, owner, content, deleted)
        {
            Key = key;
            _upper = level > 1 ? new Node?[level - 1] : null;
        }

        public TKey Key { get; private set; }

        /// <summary>The node after this one; null at the end.</summary>
        public Node? Next => Volatile.Read(ref _next);

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

        /// <summary>Nobody stands on it any more: it keeps nothing in memory.</summary>
        internal void Clear()
        {
            Key = default!;
            Empty();
            _upper?.AsSpan().Clear();
            _next = null;
        }

        /// <summary>Makes a spare node one that nobody else can see yet.</summary>
        internal void Renew(TKey key, CommitStamp owner, Payload content, bool deleted)
        {
            Key = key;
            Begin(owner, content, deleted);
        }
    }
}
