using Sluice.Gateway.Hosting;
using Sluice.Gateway.Mqtt.Client;
using Sluice.Gateway.Mqtt.Security;
using Sluice.Gateway.Mqtt.Transport;

namespace Sluice.Gateway.Configuration;

/// <summary>
/// Looks into the files that a configuration names: users, certificates, keys. What is wrong with them is told as what is wrong with the
/// configuration is, before anything starts.
/// </summary>
internal static class ConfiguredFiles
{
    /// <summary>What is wrong, a line each.</summary>
    /// <param name="root">The configuration.</param>
    /// <param name="options">What was read from it.</param>
    public static List<string> Check(SectionNode root, GatewayOptions options)
    {
        List<string> errors = [];
        SectionReader reader = SectionReader.Of(root, "", errors);
        SectionReader mqtt = reader.Section("mqtt");
        if (options.Mqtt.Security.UsersFile is { } users)
        {
            Try(mqtt, "users", () => UserFile.Read(users));
        }

        if (options.Mqtt.Tls is { } tls)
        {
            CheckServer(mqtt.Section("tls"), tls);
        }

        if (options.Mqtt.Security.Tokens is { } tokens)
        {
            CheckTokens(mqtt.Section("jwt"), tokens);
        }

        foreach ((SectionReader item, MqttSourceOptions source) in mqtt.Sections("subscribe").Zip(options.Sources))
        {
            CheckClient(item, source.Client);
        }

        foreach ((SectionReader item, SyncOptions sync) in reader.Sections("sync").Zip(options.Sync))
        {
            if (sync.Mqtt is { } client)
            {
                CheckClient(item.Section("mqtt"), client);
            }
        }

        return errors;
    }

    private static void CheckServer(SectionReader tls, TlsOptions options)
    {
        CheckPair(tls, options.Certificate, options.Key);
        if (options.ClientAuthorities is { } authorities)
        {
            Try(tls, "client_ca", () => PemFiles.ReadCertificates(authorities));
        }
    }

    private static void CheckTokens(SectionReader jwt, TokenOptions options)
    {
        foreach ((string path, (string _, Origin origin)) in options.Keys.Zip(jwt.Texts("keys") ?? []))
        {
            if (WhatIsWrong(() => TokenKeys.ReadPublic(path)) is { } wrong)
            {
                jwt.Fail("keys", origin, wrong);
            }
        }

        if (options.Secret is { } secret)
        {
            Try(jwt, "secret", () => TokenKeys.ReadSecret(secret));
        }
    }

    private static void CheckClient(SectionReader item, MqttClientOptions options)
    {
        if (options.Authorities is { } authorities)
        {
            Try(item, "ca", () => PemFiles.ReadCertificates(authorities));
        }

        CheckPair(item, options.Certificate ?? "", options.Key ?? "");
    }

    /// <summary>A path that is empty is missing, which is told already.</summary>
    private static void CheckPair(SectionReader section, string certificate, string key)
    {
        if (certificate.Length > 0 && Try(section, "certificate", () => PemFiles.ReadCertificates(certificate)) && key.Length > 0)
        {
            Try(section, "key", () => PemFiles.ReadPair(certificate, key));
        }
    }

    private static bool Try(SectionReader section, string key, Func<object> read)
    {
        if (WhatIsWrong(read) is not { } wrong)
        {
            return true;
        }

        section.Fail(key, wrong);
        return false;
    }

    private static string? WhatIsWrong(Func<object> read)
    {
        try
        {
            (read() as IDisposable)?.Dispose();
            return null;
        }
        catch (GatewayException e)
        {
            return e.Message.ReplaceLineEndings(" ");
        }
    }
}
