using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Sluice.Gateway.Status;

/// <summary>
/// The web listener's answers: <c>/</c> the page (three files that the program carries, nothing from elsewhere),
/// <c>/status.json</c> its figures, <c>/health</c> (200, or 503 when readings cannot be stored), <c>/metrics</c>.
/// </summary>
internal static class StatusEndpoints
{
    private static readonly FrozenDictionary<string, (byte[] Bytes, string ContentType)> Page =
        new Dictionary<string, (byte[], string)>
        {
            ["/"] = (Read("index.html"), "text/html; charset=utf-8"),
            ["/page.css"] = (Read("page.css"), "text/css; charset=utf-8"),
            ["/page.js"] = (Read("page.js"), "text/javascript; charset=utf-8"),
        }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Answers one request.</summary>
    public static Task AnswerAsync(HttpContext context, GatewayStatus status)
    {
        HttpResponse response = context.Response;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            response.Headers.Allow = "GET, HEAD";
            return WriteTextAsync(response, StatusCodes.Status405MethodNotAllowed, "Only GET and HEAD are answered here.\n");
        }

        string path = context.Request.Path.Value ?? "/";
        if (Page.TryGetValue(path, out (byte[] Bytes, string ContentType) file))
        {
            return WriteAsync(response, StatusCodes.Status200OK, file.ContentType, file.Bytes);
        }

        switch (path)
        {
            case "/status.json":
                return WriteJsonAsync(response, StatusCodes.Status200OK, status.Snapshot(), StatusJson.Default.StatusSnapshot);

            case "/health":
                HealthReport health = status.Health();
                int code = health.Status == "failed" ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
                return WriteJsonAsync(response, code, health, StatusJson.Default.HealthReport);

            case "/metrics":
                return WriteAsync(response, StatusCodes.Status200OK, PrometheusText.ContentType, System.Text.Encoding.UTF8.GetBytes(status.Metrics()));

            default:
                return WriteTextAsync(response, StatusCodes.Status404NotFound, "Here are /, /status.json, /health and /metrics.\n");
        }
    }

    private static Task WriteJsonAsync<T>(HttpResponse response, int code, T value, JsonTypeInfo<T> type) =>
        WriteAsync(response, code, "application/json; charset=utf-8", JsonSerializer.SerializeToUtf8Bytes(value, type));

    private static Task WriteTextAsync(HttpResponse response, int code, string text) =>
        WriteAsync(response, code, "text/plain; charset=utf-8", System.Text.Encoding.UTF8.GetBytes(text));

    private static Task WriteAsync(HttpResponse response, int code, string contentType, byte[] body)
    {
        response.StatusCode = code;
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        return HttpMethods.IsHead(response.HttpContext.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body).AsTask();
    }

    private static byte[] Read(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"page/{name}")
            ?? throw new InvalidOperationException($"The program carries no page/{name}.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
