<#import "template.ftl" as layout>
<@layout.registrationLayout displayMessage=false; section>
    <#if section = "header">
        ${msg("latchkeyTitle")}
    <#elseif section = "form">
        <div id="latchkey-error">
            <p class="instruction" role="alert">${msg(latchkeyMessage)}</p>
            <p><a id="latchkey-retry" href="${latchkeyRetry}">${msg("latchkeyRetry")}</a></p>
            <p><a id="latchkey-restart" href="${url.loginRestartFlowUrl}">${msg("latchkeyRestart")}</a></p>
            <p id="latchkey-request"><small>${msg("latchkeyRequest", latchkeyRequest)}</small></p>
        </div>
    </#if>
</@layout.registrationLayout>
