using System.Net;
using System.Net.WebSockets;
using Sluice.Gateway.Mqtt.Transport;

namespace Sluice.Gateway.Hosting;

/// <summary>MQTT over WebSocket on the web listener (MQTT 5.0 section 6), at <see cref="ListenAddress.DefaultPath"/>.</summary>
internal static class MqttEndpoint
{
    /// <summary>Answers one request, which lasts as long as the client is connected.</summary>
    public static async Task ServeAsync(HttpContext context, GatewayService gateway, IReadOnlyList<string> origins)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await RefuseAsync(context, StatusCodes.Status426UpgradeRequired, "This is MQTT over WebSocket.\n");
            return;
        }

        if (!WebSocketHandshake.IsOriginAllowed(context.Request.Headers.Origin, context.Request.Host.Value, origins))
        {
            await RefuseAsync(context, StatusCodes.Status403Forbidden, $"Pages of {context.Request.Headers.Origin} may not connect; see mqtt.origins.\n");
            return;
        }

        if (WebSocketHandshake.ChooseSubprotocol(context.WebSockets.WebSocketRequestedProtocols) is not { } subprotocol)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "The subprotocol mqtt is not among those asked for.\n");
            return;
        }

        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(subprotocol);
        ConnectionInfo connection = context.Connection;
        CancellationToken stopping = context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        await gateway.ServeMqttAsync(socket, new IPEndPoint(connection.RemoteIpAddress ?? IPAddress.None, connection.RemotePort), stopping);
    }

    private static Task RefuseAsync(HttpContext context, int code, string why)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(why, context.RequestAborted);
    }
}
