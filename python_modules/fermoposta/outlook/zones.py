"""
Names of Windows for time zones, and the zone of the tz database that stands for each.

The pairs are CLDR's (supplemental data, windowsZones, territory 001), with the names that places
have today. Where several zones have the
same rules, the first here is meant when nothing else tells them apart: so the order is by how many
people live there, within an offset.
"""

_PAIRS = """
W. Europe Standard Time         Europe/Berlin
Romance Standard Time           Europe/Paris
Central European Standard Time  Europe/Warsaw
Central Europe Standard Time    Europe/Budapest
GMT Standard Time               Europe/London
UTC                             Etc/UTC
Greenwich Standard Time         Atlantic/Reykjavik
Sao Tome Standard Time          Africa/Sao_Tome
Morocco Standard Time           Africa/Casablanca
W. Central Africa Standard Time Africa/Lagos
FLE Standard Time               Europe/Kyiv
GTB Standard Time               Europe/Bucharest
E. Europe Standard Time         Europe/Chisinau
Middle East Standard Time       Asia/Beirut
Egypt Standard Time             Africa/Cairo
West Bank Standard Time         Asia/Hebron
Israel Standard Time            Asia/Jerusalem
South Africa Standard Time      Africa/Johannesburg
Kaliningrad Standard Time       Europe/Kaliningrad
Sudan Standard Time             Africa/Khartoum
South Sudan Standard Time       Africa/Juba
Libya Standard Time             Africa/Tripoli
Namibia Standard Time           Africa/Windhoek
Russian Standard Time           Europe/Moscow
Turkey Standard Time            Europe/Istanbul
Arab Standard Time              Asia/Riyadh
Arabic Standard Time            Asia/Baghdad
E. Africa Standard Time         Africa/Nairobi
Belarus Standard Time           Europe/Minsk
Jordan Standard Time            Asia/Amman
Syria Standard Time             Asia/Damascus
Volgograd Standard Time         Europe/Volgograd
Iran Standard Time              Asia/Tehran
Arabian Standard Time           Asia/Dubai
Azerbaijan Standard Time        Asia/Baku
Georgian Standard Time          Asia/Tbilisi
Caucasus Standard Time          Asia/Yerevan
Mauritius Standard Time         Indian/Mauritius
Russia Time Zone 3              Europe/Samara
Astrakhan Standard Time         Europe/Astrakhan
Saratov Standard Time           Europe/Saratov
Afghanistan Standard Time       Asia/Kabul
Pakistan Standard Time          Asia/Karachi
West Asia Standard Time         Asia/Tashkent
Ekaterinburg Standard Time      Asia/Yekaterinburg
Qyzylorda Standard Time         Asia/Qyzylorda
India Standard Time             Asia/Kolkata
Sri Lanka Standard Time         Asia/Colombo
Nepal Standard Time             Asia/Kathmandu
Bangladesh Standard Time        Asia/Dhaka
Central Asia Standard Time      Asia/Bishkek
Omsk Standard Time              Asia/Omsk
Myanmar Standard Time           Asia/Yangon
SE Asia Standard Time           Asia/Bangkok
N. Central Asia Standard Time   Asia/Novosibirsk
North Asia Standard Time        Asia/Krasnoyarsk
W. Mongolia Standard Time       Asia/Hovd
Altai Standard Time             Asia/Barnaul
Tomsk Standard Time             Asia/Tomsk
China Standard Time             Asia/Shanghai
Singapore Standard Time         Asia/Singapore
Taipei Standard Time            Asia/Taipei
W. Australia Standard Time      Australia/Perth
North Asia East Standard Time   Asia/Irkutsk
Ulaanbaatar Standard Time       Asia/Ulaanbaatar
Aus Central W. Standard Time    Australia/Eucla
Tokyo Standard Time             Asia/Tokyo
Korea Standard Time             Asia/Seoul
North Korea Standard Time       Asia/Pyongyang
Yakutsk Standard Time           Asia/Yakutsk
Transbaikal Standard Time       Asia/Chita
AUS Central Standard Time       Australia/Darwin
Cen. Australia Standard Time    Australia/Adelaide
AUS Eastern Standard Time       Australia/Sydney
Tasmania Standard Time          Australia/Hobart
E. Australia Standard Time      Australia/Brisbane
West Pacific Standard Time      Pacific/Port_Moresby
Vladivostok Standard Time       Asia/Vladivostok
Lord Howe Standard Time         Australia/Lord_Howe
Central Pacific Standard Time   Pacific/Guadalcanal
Bougainville Standard Time      Pacific/Bougainville
Magadan Standard Time           Asia/Magadan
Sakhalin Standard Time          Asia/Sakhalin
Russia Time Zone 10             Asia/Srednekolymsk
Norfolk Standard Time           Pacific/Norfolk
New Zealand Standard Time       Pacific/Auckland
Fiji Standard Time              Pacific/Fiji
Russia Time Zone 11             Asia/Kamchatka
Chatham Islands Standard Time   Pacific/Chatham
Tonga Standard Time             Pacific/Tongatapu
Samoa Standard Time             Pacific/Apia
Line Islands Standard Time      Pacific/Kiritimati
Azores Standard Time            Atlantic/Azores
Cape Verde Standard Time        Atlantic/Cape_Verde
Greenland Standard Time         America/Nuuk
E. South America Standard Time  America/Sao_Paulo
Argentina Standard Time         America/Argentina/Buenos_Aires
SA Eastern Standard Time        America/Cayenne
Bahia Standard Time             America/Bahia
Tocantins Standard Time         America/Araguaina
Montevideo Standard Time        America/Montevideo
Magallanes Standard Time        America/Punta_Arenas
Saint Pierre Standard Time      America/Miquelon
Newfoundland Standard Time      America/St_Johns
Atlantic Standard Time          America/Halifax
SA Western Standard Time        America/La_Paz
Venezuela Standard Time         America/Caracas
Central Brazilian Standard Time America/Cuiaba
Pacific SA Standard Time        America/Santiago
Paraguay Standard Time          America/Asuncion
Eastern Standard Time           America/New_York
US Eastern Standard Time        America/Indiana/Indianapolis
SA Pacific Standard Time        America/Bogota
Eastern Standard Time (Mexico)  America/Cancun
Cuba Standard Time              America/Havana
Haiti Standard Time             America/Port-au-Prince
Turks And Caicos Standard Time  America/Grand_Turk
Central Standard Time           America/Chicago
Central Standard Time (Mexico)  America/Mexico_City
Central America Standard Time   America/Guatemala
Canada Central Standard Time    America/Regina
Easter Island Standard Time     Pacific/Easter
Mountain Standard Time          America/Denver
US Mountain Standard Time       America/Phoenix
Mountain Standard Time (Mexico) America/Mazatlan
Yukon Standard Time             America/Whitehorse
Pacific Standard Time           America/Los_Angeles
Pacific Standard Time (Mexico)  America/Tijuana
UTC-08                          Etc/GMT+8
Alaskan Standard Time           America/Anchorage
UTC-09                          Etc/GMT+9
Marquesas Standard Time         Pacific/Marquesas
Hawaiian Standard Time          Pacific/Honolulu
Aleutian Standard Time          America/Adak
UTC-11                          Etc/GMT+11
Dateline Standard Time          Etc/GMT+12
UTC-02                          Etc/GMT+2
UTC+12                          Etc/GMT-12
UTC+13                          Etc/GMT-13
"""

WINDOWS = {
    name.strip(): zone
    for name, _, zone in (line.rpartition(" ") for line in _PAIRS.strip().splitlines())
}
"""The zone of each name, in order of preference."""
