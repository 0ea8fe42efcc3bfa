# Installs this version of tumorcast for the current user: no administrator, no network.
#   powershell -ExecutionPolicy Bypass -File install.ps1 [-Folder DIR] [-Python PATH]
# An earlier version stays beside it; the file DIR\current.txt says which one tumorcast.cmd runs.
param([string]$Folder = "$env:LOCALAPPDATA\tumorcast", [string]$Python = "")
$ErrorActionPreference = "Stop"
$version = (Get-Content "$PSScriptRoot\VERSION").Trim()
$wanted = (Get-Content "$PSScriptRoot\PYTHON").Trim()
if (-not $Python) {
    if (Get-Command py -ErrorAction SilentlyContinue) { $Python = (& py "-$wanted" -c "import sys; print(sys.executable)") }
    else { $Python = (Get-Command python).Source }
}
$found = (& $Python -c "import sys; print('%d.%d' % sys.version_info[:2])")
if ($found -ne $wanted) { throw "these wheels are of Python $wanted, found $found (give -Python)" }
foreach ($line in Get-Content "$PSScriptRoot\SHA256SUMS") {
    $sum, $name = $line -split "  ", 2
    $is = (Get-FileHash -Algorithm SHA256 (Join-Path $PSScriptRoot $name)).Hash.ToLower()
    if ($is -ne $sum) { throw "$name is not as it was made" }
}
$new = "$Folder\versions\$version"
if (Test-Path $new) { throw "$new is there already (remove it to install again)" }
try {
    & $Python -m venv --without-pip $new
    if ($LASTEXITCODE) { throw "no virtual environment could be made" }
    $pip = (Get-ChildItem "$PSScriptRoot\wheels\pip-*.whl").FullName
    & "$new\Scripts\python.exe" "$pip\pip" install --quiet --no-index --no-deps --no-cache-dir --no-compile --disable-pip-version-check `
        --find-links "$PSScriptRoot\wheels" --require-hashes -r "$PSScriptRoot\requirements.txt"
    if ($LASTEXITCODE) { throw "the wheels could not be installed" }
    $viewer = (Get-ChildItem "$PSScriptRoot\openseadragon-*.tgz").FullName
    & "$new\Scripts\tumorcast.exe" slides viewer --from $viewer | Out-Null
    if ($LASTEXITCODE) { throw "the viewer could not be installed" }
    & "$new\Scripts\tumorcast.exe" --version
} catch {
    if (Test-Path $new) { Remove-Item -Recurse -Force $new }
    throw
}
Set-Content -Encoding ascii "$Folder\current.txt" $version
Set-Content -Encoding ascii "$Folder\tumorcast.cmd" @'
@echo off
set /p tumorcast_version=<"%~dp0current.txt"
"%~dp0versions\%tumorcast_version%\Scripts\tumorcast.exe" %*
'@
Write-Output "installed: $Folder\tumorcast.cmd  (an earlier version again: write its number into $Folder\current.txt)"
