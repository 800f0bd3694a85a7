using Sluice.Gateway.Mqtt.Protocol;

namespace Sluice.Gateway.Mqtt.Client;

/// <summary>What is taken from another broker.</summary>
public sealed record MqttSourceOptions
{
    /// <summary>Unique; names the rows and the problem in <c>/health</c>.</summary>
    public required string Name { get; init; }

    public required MqttClientOptions Client { get; init; }

    /// <summary>Topic filters.</summary>
    public required IReadOnlyList<string> Topics { get; init; }

    /// <summary>The highest QoS.</summary>
    public QualityOfService QualityOfService { get; init; } = QualityOfService.AtLeastOnce;
}
