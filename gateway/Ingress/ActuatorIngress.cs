using System.Text;
using System.Text.Json;
using Sluice.Sensors.Gpio;

namespace Sluice.Gateway.Ingress;

/// <summary>
/// Takes commands for outputs from the stream of messages: <c>actuators/{name}/set</c> with <c>on</c> or <c>off</c>, <c>true</c>,
/// <c>1</c>, or <c>{"value": true}</c>. The message then goes on as any other: it is stored where a route takes it.
/// </summary>
public sealed class ActuatorIngress(IIngress next, TimeProvider time, ILogger log) : IIngress
{
    private const string Prefix = "actuators/";
    private const string Suffix = "/set";

    /// <summary>A command is a word; what is longer is none.</summary>
    private const int MaximumCommandBytes = 256;

    private readonly LogLimit _refusals = new(time, linesPerMinute: 20);
    private volatile ActuatorSet? _outputs;

    /// <summary>The outputs; null while there are none.</summary>
    public ActuatorSet? Outputs
    {
        get => _outputs;
        set => _outputs = value;
    }

    /// <inheritdoc/>
    public ValueTask EnqueueAsync(in IngressMessage message, CancellationToken cancellationToken)
    {
        if (_outputs is { } outputs && message.Topic.Text.StartsWith(Prefix, StringComparison.Ordinal) && message.Topic.Text.EndsWith(Suffix, StringComparison.Ordinal)
            && message.Topic.Text.Length > Prefix.Length + Suffix.Length)
        {
            Execute(outputs, message.Topic.Text[Prefix.Length..^Suffix.Length], message.Payload.Span);
        }

        return next.EnqueueAsync(message, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask StoreAsync(string key, RowChanges rows, IAcknowledgement acknowledgement, CancellationToken cancellationToken) =>
        next.StoreAsync(key, rows, acknowledgement, cancellationToken);

    /// <inheritdoc/>
    public bool Forwards(TopicName topic) => next.Forwards(topic);

    private void Execute(ActuatorSet outputs, string name, ReadOnlySpan<byte> payload)
    {
        if (Parse(payload) is not { } state)
        {
            Refuse(name, "the command is neither on nor off, true nor false, 1 nor 0");
        }
        else if (outputs.Set(name, state, out string reason) != ActuatorResult.Done)
        {
            Refuse(name, reason);
        }
    }

    private void Refuse(string name, string reason)
    {
        if (_refusals.Allows(out long others))
        {
            GatewayLog.ActuatorRefused(log, name, reason, others);
        }
    }

    /// <summary>On, off, or null for anything else.</summary>
    internal static bool? Parse(ReadOnlySpan<byte> payload)
    {
        if (payload.Length > MaximumCommandBytes)
        {
            return null;
        }

        string text = Encoding.UTF8.GetString(payload).Trim();
        if (text.StartsWith('{'))
        {
            try
            {
                using JsonDocument json = JsonDocument.Parse(text);
                text = json.RootElement.TryGetProperty("value", out JsonElement value) ? value.ToString() : "";
            }
            catch (JsonException)
            {
                return null;
            }
        }

        return text.Trim('"').ToLowerInvariant() switch
        {
            "on" or "true" or "1" => true,
            "off" or "false" or "0" => false,
            _ => null,
        };
    }
}
