using System.Text;

namespace Sluice.Gateway.Ingress;

/// <summary>
/// A topic name that was validated (MQTT 5.0 section 4.7: no wildcard, no U+0000, at least one character) with what the
/// rooms remember about it. Producers keep a cache, so routing a message costs a field read instead of a look-up. Two
/// objects may name the same topic: compare <see cref="Text"/>, never the reference.
/// </summary>
public sealed class TopicName
{
    private byte[]? _utf8;
    private object? _ingressState;
    private object? _subscribers;

    public TopicName(string text)
    {
        Text = text;
    }

    /// <param name="utf8">Valid UTF-8; copied.</param>
    public TopicName(ReadOnlySpan<byte> utf8)
    {
        _utf8 = utf8.ToArray();
        Text = Encoding.UTF8.GetString(utf8);
    }

    /// <summary>The topic as text.</summary>
    public string Text { get; }

    /// <summary>The topic as on the wire.</summary>
    public ReadOnlySpan<byte> Utf8 => _utf8 ??= Encoding.UTF8.GetBytes(Text);

    /// <summary>
    /// What the ingress decided for this topic (its route, its writer). Only the ingress reads and writes it; any thread
    /// may, the object must be immutable, and it must say itself which configuration it belongs to.
    /// </summary>
    public object? IngressState
    {
        get => Volatile.Read(ref _ingressState);
        set => Volatile.Write(ref _ingressState, value);
    }

    /// <summary>The broker's remembered match of this topic against the subscriptions, with the version it was made at.</summary>
    internal object? Subscribers
    {
        get => Volatile.Read(ref _subscribers);
        set => Volatile.Write(ref _subscribers, value);
    }

    /// <inheritdoc/>
    public override string ToString() => Text;
}
