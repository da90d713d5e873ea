"""ZIP codes: state and zone of each, and which exist. Written by docs/zip-codes.py, which tells the rules.

Source: zipcodes 3.0.0.
"""

#: State or territory (USPS; AA, AE and AP are military) and zone, and the ZIP codes from one to another that have them.
PLACES: dict[tuple[str, str], str] = {
    ("AA", ""): "34000-34099",
    ("AE", ""): "09000-09904 09908-09978",
    ("AK", ""): "99634",
    ("AK", "America/Adak"): "99546-99547",
    ("AK", "America/Anchorage"): (
        "99501-99545 99548-99552 99555-99559 99564-99569 99572-99577 99579-99580 99586-99590 99599-99603 99605-99608 "
        "99610-99611 99613 99615-99619 99621 99623-99629 99631 99633 99635-99636 99639-99640 99643-99649 99651-99657 "
        "99661 99663-99665 99667-99670 99672-99679 99682-99684 99686-99688 99691 99693-99734 99737-99738 99740-99741 "
        "99743-99749 99751-99758 99760 99763-99765 99767-99768 99770 99773-99777 99779-99782 99786-99791"
    ),
    ("AK", "America/Juneau"): "99801-99829 99832 99836-99850 99922",
    ("AK", "America/Metlakatla"): "99926",
    ("AK", "America/Nome"): (
        "99553-99554 99561-99563 99571 99578 99581-99585 99591 99604 99609 99612 99614 99620 99622 99630 99632 "
        "99637-99638 99641 99650 99658-99660 99662 99666 99671 99680-99681 99685 99690 99692 99736 99739 99742 99750 "
        "99759 99761-99762 99766 99769 99771-99772 99778 99783-99785"
    ),
    ("AK", "America/Sitka"): "99830 99833-99835 99901-99921 99923-99925 99927-99950",
    ("AK", "America/Yakutat"): "99689",
    ("AL", "America/Chicago"): "35004-36925",
    ("AP", ""): "96200-96698",
    ("AR", "America/Chicago"): "71601-72642 72644-72959",
    ("AS", "Pacific/Pago_Pago"): "96799",
    ("AZ", "America/Denver"): (
        "86003 86016 86020 86031 86033 86035 86040 86044 86053-86054 86503-86511 86514-86547 86556"
    ),
    ("AZ", "America/Phoenix"): (
        "85001-86002 86004-86015 86017-86018 86021-86030 86032 86034 86036-86039 86042-86043 86045-86052 86301-86502 "
        "86512 86555"
    ),
    ("CA", "America/Los_Angeles"): "90001-96162",
    ("CO", "America/Denver"): "80001-81658",
    ("CT", "America/New_York"): "06001-06389 06401-06928",
    ("DC", "America/New_York"): "20001-20098 20201-20586 20590-20597 20599 56901-56999 88888",
    ("DE", "America/New_York"): "19701-19980",
    ("FL", "America/Chicago"): "32401-32455 32459-32592",
    ("FL", "America/New_York"): "32003-32399 32456-32457 32601-33994 34101-34997",
    ("FM", "Pacific/Chuuk"): "96941-96944",
    ("GA", "America/New_York"): "30002-31999 39813-39901",
    ("GU", "Pacific/Guam"): "96910-96932",
    ("HI", "Pacific/Honolulu"): "96701-96797 96801-96898",
    ("IA", "America/Chicago"): "50001-52809",
    ("ID", "America/Boise"): "83201-83406 83415-83469 83522 83547 83549 83601-83799",
    ("ID", "America/Los_Angeles"): "83501-83520 83523-83546 83548 83552-83555 83801-83877",
    ("IL", "America/Chicago"): "60001-62999",
    ("IN", "America/Chicago"): (
        "46301-46365 46368-46373 46375-46411 47523 47531 47536-47537 47550 47552 47556 47577 47579 47601-47750 47922 "
        "47943 47948 47951 47963-47964 47977-47978"
    ),
    ("IN", "America/Indiana/Indianapolis"): (
        "46001-46298 46501-46530 46536-46959 46961-46967 46970-46984 46986-46995 46998 47003-47010 47012-47017 47021 "
        "47023-47024 47030-47031 47033-47037 47039 47041-47042 47102 47108 47120 47125 47138-47139 47147 47165 "
        "47167-47170 47201-47490 47801-47921 47923-47942 47944 47949-47950 47952-47955 47958-47962 47965-47975 "
        "47980-47997"
    ),
    ("IN", "America/Indiana/Knox"): "46366 46374 46531-46534 46968",
    ("IN", "America/Indiana/Marengo"): "47116 47118 47123 47137 47140 47145 47174-47175",
    ("IN", "America/Indiana/Petersburg"): "47564-47567 47584-47585 47590 47598",
    ("IN", "America/Indiana/Tell_City"): "47514-47515 47520 47525 47551 47574 47576 47586-47588",
    ("IN", "America/Indiana/Vevay"): "47011 47019-47020 47038 47043",
    ("IN", "America/Indiana/Vincennes"): (
        "47501-47513 47516-47519 47521-47522 47524 47527-47529 47532-47535 47541-47549 47553 47557-47562 47568-47573 "
        "47575 47578 47580-47581 47591-47597"
    ),
    ("IN", "America/Indiana/Winamac"): "46960 46985 46996 47946 47957",
    ("IN", "America/Kentucky/Louisville"): (
        "47104-47107 47110-47115 47117 47119 47122 47124 47126-47136 47141-47144 47146 47150-47164 47166 47172 "
        "47177-47199"
    ),
    ("IN", "America/New_York"): "47001 47018 47022 47025 47032 47040 47060",
    ("KS", "America/Chicago"): "66002-67732 67734 67736-67740 67743-67757 67764-67835 67837-67877 67880-67954",
    ("KS", "America/Denver"): "67733 67735 67741 67758-67762 67836 67878-67879",
    ("KY", "America/Chicago"): (
        "40111-40115 40119 40140 40143-40146 40152-40153 40170-40171 40176 40178 42001-42464 42602-42629 42642 "
        "42712-42715 42717 42720-42722 42726-42731 42741-42746 42749-42755 42759-42765 42782"
    ),
    ("KY", "America/Kentucky/Louisville"): "40018 40023-40025 40027 40041 40059 40118 40201-40299",
    ("KY", "America/Kentucky/Monticello"): "42633",
    ("KY", "America/New_York"): (
        "40003-40014 40019-40022 40026 40031-40040 40045-40058 40060-40110 40117 40121-40129 40142 40150 40155-40166 "
        "40175 40177 40310-41862 42501-42567 42631 42634-42638 42647-42702 42716 42718-42719 42724 42732-42740 42748 "
        "42757-42758 42776 42784-42788"
    ),
    ("LA", "America/Chicago"): "70001-71497",
    ("MA", "America/New_York"): "01001-02791 05501-05544",
    ("MD", "America/New_York"): "20588 20601-21930",
    ("ME", "America/New_York"): "03901-04992",
    ("MH", "Pacific/Majuro"): "96960-96970",
    ("MI", "America/Detroit"): (
        "48001-49799 49805-49808 49814 49816-49820 49822-49829 49833 49835-49841 49849 49853-49855 49861-49862 "
        "49864-49868 49871-49872 49878-49880 49883-49885 49891 49894-49895 49901 49905-49910 49912-49913 49916-49919 "
        "49921-49925 49929-49934 49942-49946 49948-49958 49960-49963 49965-49967 49970-49971"
    ),
    ("MI", "America/Menominee"): (
        "49801-49802 49812 49815 49821 49831 49834 49845-49848 49852 49858 49863 49870 49873-49877 49881 49886-49887 "
        "49892-49893 49896 49902-49903 49911 49915 49920 49927 49935-49938 49947 49959 49964 49968-49969"
    ),
    ("MN", "America/Chicago"): "55001-56763",
    ("MO", "America/Chicago"): "63001-65899 72643",
    ("MP", "Pacific/Saipan"): "96950-96952",
    ("MS", "America/Chicago"): "38601-39776",
    ("MT", "America/Denver"): "59001-59937",
    ("NC", "America/New_York"): "27006-28909",
    ("ND", "America/Chicago"): (
        "58001-58507 58521 58524-58528 58531-58532 58538-58540 58542-58544 58549-58552 58558-58561 58565 58568 58570 "
        "58572-58579 58581 58701-58856"
    ),
    ("ND", "America/Denver"): "58529 58533 58562 58564 58569 58601-58630 58632-58636 58639-58656",
    ("ND", "America/North_Dakota/Beulah"): "58523 58541 58545 58571 58580",
    ("ND", "America/North_Dakota/Center"): "58530",
    ("ND", "America/North_Dakota/New_Salem"): "58520 58535 58554 58563 58566 58631 58638",
    ("NE", "America/Chicago"): (
        "68001-69020 69022 69024-69026 69028-69029 69032 69034-69036 69038-69040 69042-69044 69046-69120 69123 69130 "
        "69132 69135-69138 69142-69143 69151 69157 69161 69163-69167 69169-69171 69201-69210 69212-69214 69217 "
        "69220-69221"
    ),
    ("NE", "America/Denver"): (
        "69021 69023 69027 69030 69033 69037 69041 69045 69121-69122 69125-69129 69131 69133-69134 69140-69141 "
        "69144-69150 69152-69156 69160 69162 69168 69190 69211 69216 69218-69219 69301-69367"
    ),
    ("NH", "America/New_York"): "03031-03897",
    ("NJ", "America/New_York"): "07001-08989 09905 09980-09984",
    ("NM", "America/Denver"): "87001-88439",
    ("NV", "America/Denver"): "89883",
    ("NV", "America/Los_Angeles"): "88901-89835",
    ("NY", "America/New_York"): "00501-00544 06390 10001-14925",
    ("OH", "America/New_York"): "43001-45999",
    ("OK", "America/Chicago"): "73001-73199 73401-73951 74001-74966",
    ("OR", "America/Boise"): "97901-97903 97906 97908-97920",
    ("OR", "America/Los_Angeles"): "97001-97886 97904-97905 97907",
    ("PA", "America/New_York"): "15001-19640",
    ("PR", "America/Puerto_Rico"): "00601-00795 00901-00988",
    ("PW", "Pacific/Palau"): "96939-96940",
    ("RI", "America/New_York"): "02801-02940",
    ("SC", "America/New_York"): "29001-29945",
    ("SD", "America/Chicago"): (
        "57001-57520 57522-57536 57538-57541 57544 57548 57555-57566 57568-57572 57576 57579-57601 57631-57632 "
        "57646-57648"
    ),
    ("SD", "America/Denver"): (
        "57521 57537 57543 57547 57551-57553 57567 57574 57577 57620-57630 57633-57645 57649-57799"
    ),
    ("TN", "America/Chicago"): (
        "37010-37301 37305-37306 37313 37318 37324 37327-37328 37330 37334-37335 37338-37340 37342 37345-37349 37352 "
        "37355-37360 37365-37367 37374-37376 37378 37380 37382-37383 37387-37389 37394-37398 37405 37501-37544 37723 "
        "38001-38589"
    ),
    ("TN", "America/New_York"): (
        "37302-37304 37307-37312 37314-37317 37320-37323 37325-37326 37329 37331-37333 37336-37337 37341 37343 "
        "37350-37351 37353-37354 37361-37364 37369-37373 37377 37379 37381 37384-37385 37391 37401-37404 37406-37450 "
        "37601-37722 37724-37998"
    ),
    ("TX", "America/Chicago"): "73301-73344 73960 75001-79789 79830-79834 79842-79846 79848 79852 79854-79855 79942",
    ("TX", "America/Denver"): "79821 79835-79839 79847 79849-79851 79853 79901-79941 79943-79999 88510-88595",
    ("UT", "America/Denver"): "84001-84791",
    ("VA", "America/New_York"): "20101-20199 20598 22003-24658",
    ("VI", "America/St_Thomas"): "00801-00851",
    ("VT", "America/New_York"): "05001-05495 05601-05907",
    ("WA", "America/Los_Angeles"): "98001-99403",
    ("WI", "America/Chicago"): "53001-54990",
    ("WV", "America/New_York"): "24701-26886",
    ("WY", "America/Denver"): "82001-83128 83414",
}

#: First three digits, and for the last two a number to base 32 whose bit N is set where N exists.
EXISTING = (
    "005=g00000002 006=8tdfehklid62e24s6v3u 007=1m3tden04i1nvvvbvg5o 008=303030v001u 009=fuv3rfvvg1nrvvvvu6 "
    "010=ftrvlvqfmp03vvu70vtu 011=h0000000060go8o0r2vu 012=16tvs5tf1nt000e 013=1r9eh1jmvs3000006 "
    "014=5vst0f03an010000 015=1bf03qn013ffmnvv1vq 016=1o0000001vvu 017=gbd016kv70303o01u 018=g1v1i07t0v1v1v7m1dfa "
    "019=1s03j307hhe3ge19fu 020=9020777jvdr9773o000 021=i3vh23g83fpvvvvvvvo0 022=d80o00i00002o084777q "
    "023=6h1env3vrsv5k001u 024=1s06vmfnvu7000030000 025=g3q9uus0fvk000000 026=1fuvlfvuvv000002 "
    "027=309k3uv00fvo03vts0c 028=buvfvu1vsk07vfvsfsum 029=10003vnvu 030=6kmb0v5uvveu000000 031=3vu "
    "032=oblnrsqvvunvdrnvf000 033=5u 034=1vmf7vv12000000 035=ddrvjh02000000000000 036=tu 037=1nkrr03vrb00000000 "
    "038=6h7s9vvnvvvvvd7vvvhu 039=3vu 040=fvfsvvqu7jufstsnnrvu 041=s25vu 042=nvn3jffvt0bujfvm700 "
    "043=ptvvuad000000 044=7ft2rusvnrou9junvva6 045=rv9sbqsqt1000000 046=q3rnuuldtrt5jvsmun0 "
    "047=7bnsrve37vvt000000 048=1vrvua00000000 049=4vurvnufvlvvdvvd70a 050=2rqnvt7rvvfvv0000g2 051=2rvqu00000002 "
    "052=75v0000000002 053=fvv3v0000000u 054=1nveuvrvvvvvg00000fu 055=g00000002 056=7vvnvfvs3080100gu "
    "057=ftvvsbfvvv000006 058=1ueftbvfudvvg000 059=7u 060=bvtvvvvvsf1flvvvqb26 061=g00920433v7vcuu9tnvu "
    "062=7s0vtrjvutv200000 063=1vtvv11lrg1rv010000 064=dusvtvs3nj4vs02tvvpq 065=1fv1jvvvu "
    "066=g0000800010000001nfm 067=bv7uu10cvvg0003v25bu 068=61obv101vv05a7ph6v4i 069=f70v7u "
    "070=nvefvvvvtn7vjvuvvvvu 071=puok1000000000000nvu 072=fu 073=h00000000000000003vs 074=10034h1fe72lr58vu15a "
    "075=o880k0vvu 076=g000712f6dvv07ej00fu 077=g000001tfve1tvevv7gu 078=117vjj97fvtuvvf002e "
    "079=g00buh0f0131rven0006 080=vvvrvvvvnvrevvvfrnvu 081=1vu 082=10107fv0n3rtt1u 083=70dvv05uvvv04 084=3u "
    "085=7vr0v3pf19n1m 086=1300002001fj80p1o3vu 087=vv07rv0v0002 088=g1vljftettah7vvve5tu 089=o0000000000804003u "
    "090=jlq3jgs9rqjkaq83fvvv 091=3fvvj30g0dv2b83t4v 092=vvtvu07u051n40n02u1q 093=mruvvvvvvvetuvcvvvvv "
    "094=ujs001sqig40000j01ge 095=jvuevpvg6hhu0s0tfvvu 096=ts2r7vsvvv 097=81g142g7vvvvvvvvvvvu "
    "098=95817vtvvufvvvvvvvvv 099=vfg000000000001pu 100=rh47h4h110frvvvvvvvu 101=m01gvvvvvvg08frvvvvu "
    "102=437vvp3u0g400000e09 103=vvu 104=g0001vvvvu0000000000 105=fjs9uf65cfvffdevunnu 106=17u 107=1vu 108=1u "
    "109=etvvnpptqtgb0ffvvv02 110=i00000001v0v017v011u 111=100ju 112=3mtvvvrvvvvu 113=133tvvvvm0000000000 "
    "114=g00000000200nvvvvu10 115=vl07n7rbvvt43301ahk2 116=5v000000000000000000 117=fvutvvvtfvmfvfnnvpvu "
    "118=1o000000h01u 119=1fftvvvunlv000002 120=1tnsfvvvvv7f7ettv1s0 121=ftvv7tvjvrsruv9vf1e0 "
    "122=80000375vvvvvt0nvu 123=10001000vu 124=bvnv5vrrvvqvrvsvuvnm 125=trvdnvq1fvvcrvvfveu 126=u "
    "127=7vrv3vtonvfesnvg002 128=7oov3vvvvuvucvnnoq 129=fcnbvtnnvdjuntuvvv0a 130=dsveurv6u1vnvun0000 "
    "131=7tvsfvvm2vvvcu 132=1000002070g101jtnvu 133=dv5tbftuvvvtpu 134=1vrtvfpjnlg7vabjfbuu "
    "135=g000000000000000001u 136=nv5vvvvnvnvfvvfvvufe 137=7hetfg0ffvvpuv000000 138=1vi3vvtt711vuu 139=1u "
    "140=9m3f15vfvmcfvvvj0fri 141=vu0031rrvn10fte 142=12dlr00030afvvvvu 143=1u 144=v7v7uu2tha5dttbr00 "
    "145=7r106orv3vuutn7vvfk 146=k08080g0fnso07vvvvs 147=futlm1fvdvvfuvvnu6 148=dunvuvlrvv7fu37vvtvu 149=10001u "
    "150=33vufmvvnvnsdvfntlnq 151=ftnumd25am 152=11revtfvtv0vvvvvvvvu 153=1u1fvsfvnuvlv7v02 "
    "154=5rtvtvvrjvtvvtvnf02 155=1vtvvnvv070106 156=ffvvvvbvb16nvuvvvf32 157=rvv5vutfnuvtv7v12 "
    "158=1br6av30mtu0002 159=fvurtfjvv10nm 160=2avvr3vptve00e 161=403nrbf6v5r7vde 162=fvprlrtrvdv02 "
    "163=801vvn0v7v1uuemu02 164=1000000vbtev7f7u 165=180p2i8v041nvu 166=pujvtvvvnnfjvrlvma0e 167=1rp9vvh0002 "
    "168=6vvbrrvtrvtvf001u 169=1ffvdvfdn02 170=srvvfvvvvvvvvtvvvvvu 171=4000000101vv0fvu 172=7fv7vmrvepvlv06 "
    "173=17bvbtltlunvvvmu 174=10fu 175=1vrdvt5nl9fss7u4vu 176=g00000000000000402fu 177=uuttantlt3ur001e "
    "178=vve5fnvb7vnvkv1t02 179=1fqlfrkurubvhf0002 180=o6fruvvtrvjvvn11fv1e 181=100010000000000000ju "
    "182=3nvnlnhvqn06 183=f017vuv7vfv0006 184=fjvvuvrvrfjnr58 185=400000010004tltu 186=10000037q0v3nvuvn0e "
    "187=8vk0000000003vu 188=rft4vvvft02 189=203mnqtfrmtbvvvfv06 190=rvvfrt7rfturvvvfvtuu "
    "191=7vduvf071vvvvvvvrvvu 192=100g00000000 193=t18f3unddvfvhb01u702 194=3tvvdt9l7r2vf5rv10vq "
    "195=5lhjtvrpjdq7fq 196=1000007vu 197=3v33fvue 198=vvnh00000100000001vu 199=1lbuvbv7rqr00003u "
    "200=c387frvvvfnvvdmtvfvu 201=vvvnf7vpreuvvnonvfvu 202=g0g041b70n1ntduvvveu 203=9vo13t0011010100sh6a "
    "204=5o92a4nnqvvvvvu 205=srb3vf31tuuvvvvv13vv 206=5dvlfh4nu939nlvvvfuu 207=knduvvpstvvvfe3vvnvq "
    "208=vmjtvma7lvs6sd5gfv00 209=4800000000000000bvfu 210=8tdkfi176vfv7nsddth2 211=fft2hif8d4qbk "
    "212=c1vvpp9r070jnrvvvvvu 214=6hu 215=7711fq7ov001u 216=1fuvfvvvvtrrmvtkdm2 217=dvcvvrn4vhu7co4fvrhu "
    "218=1001mnu6fgff1im4r0u 219=107vu0u 220=3c06g061006vvv7010g8 221=hu1v0403qf001g1nq0ue 222=3v0hncvvnu "
    "223=1002u031vvu 224=972eg92iacfdc004fu 225=3u551bufkphqp4qsq 226=p7ljvk17t030u 227=ufvvvvrug2 "
    "228=bvv1v4j174e 229=k12utps4vdv60t03vu 230=fjqj7vvr159p75u9ihu 231=5frf9of3pu3o3vpnvve "
    "232=dvrkqog311g7fvvvo000 233=v0g00000uh5260fv3peu 234=edg27vvv0fvvmvvtti 235=20200gbtvvu "
    "236=2v0201vu0200018004vu 237=tu 238=srturte1637vuvtm003q 239=2hetpl4uuh4vl0g2 240=1fvsudvvpp9tfvvtvvvu "
    "241=1gvid65bueuvun1u1m 242=d0fkfj9a3bom1bjv7he 243=7dhab0nc909fsvu02 244=7smutps197tf263e06 "
    "245=ttq3unjcfrgrrruf5s3u 246=e2m3ljclgsvu 247=241ueigjk02 248=9kcnovu7lrvsijucfa82 249=a3q6h2e4i3q9i5hb106 "
    "250=9bej34vkqtpjbbmh2tc 251=87b4opnikofit3qpvuc 252=7033fngedqhi000qru 253=24k0101ne100vvvv5uju "
    "254=2vcntfgr1u 255=flll15j5hir5nfu 256=i7b0ann20vmgtl9i4me2 257=vv00100000vvvvvu 258=85rbbl5qrrme79cf06 "
    "259=jiu6j4820ca4e7vaum 260=1h05r143vv000008 261=4j91knh7ueeo03003u 262=autdbburkp02ehokt1re "
    "263=3geki60iuct15b0026 264=a26cpfj3mj79g 265=3f6bnafhg6u4i5jg0fm 266=30jr2452200a2kql302 267=4q5908g225mj5g "
    "268=2g00301650a808dlcm 270=og0000001vvf03dvuvm0 271=o0000000770001417rvu 272=pupu809vqcsslbo17stu "
    "273=1000nr03v3gv073f7v36 274=t0010000100090l1nfvu 275=muuu6vptnejvmvvvvvvu 276=t1003082a1013gvvnvvu "
    "277=45fvu 278=7vvvvvvvfvnvnvvvvvvu 279=3fqtvlupuuv5vvn1m0 280=cfqfvv003s0fvu7ru5m6 281=pupg77gvpvplnvu "
    "282=m1tndvjdbp6u7vuvvvvu 283=rvftvvvtvftvtvv9pnvu 284=1o5vvvvturvpv07vu 285=hnvtv0v7u7vsfvvrfou "
    "286=svtvvvvvvvnvfrvuvfvu 287=fvuvvbfvvvvvvvvvvtm 288=3p3u 289=ju 290=7pvlerufnuf03bhie 291=1d7qv0vfcddvcfudm "
    "292=5000001010101vvvnvu 293=13bgvtph3aq7bvhvq07u 294=cfunnriffv5vvjtvtnu 295=evtvvvvp3j7r25f1q73u "
    "296=ffvvvfnmvvvvrvfv7vvu 297=1u0vunflus 298=g00000032bvvrmummdpu 299=1rruvvbvnu 300=vvfvvvvvbkvvvvruvvvs "
    "301=ttvfpv6vvvtsnvvvvu 302=fvvi7vrruf83epotvs3g 303=qlvhvjqvvpvvuvvnvvvu 304=g0005r4jvvv6qgvr5v02 "
    "305=u0077efttsvvvrtfvv6u 306=9cavt31feprtvg4vu 307=7f67rvbng3da 308=98vvvvc 309=g000000000000000munq "
    "310=vvvuv7vvtnnnvvvvvvvu 311=ve0000g0213ii221g060 312=7g000000000000036fvu 313=auvrttu 314=3rnvu "
    "315=o00000vvfvvsls5vrd0e 316=o000000001tevnnt003u 317=rvsvruppe9kop947imvu 318=2fnv3nfq "
    "319=t8000000000000004gvu 320=nm7vgefvrt2v9p3g0auo 321=9dlfvpots0tfvvvvvv14 322=1004061vh7jvvvvvnvu "
    "323=h0000007vffr7vuvfvvu 324=3vnkvttvfv4fvu 325=789s7vvg1snvr2v2uvu 326=6s2b00usbo8rhqf6vvvu "
    "327=rvgvvufsmv7grdfvrtuu 328=ub70c4s7vo00nvvnvnvu 329=a3vvvvo37m7tg7vu 330=4d0u7vvv3n1fnvvvvvom "
    "331=vvvvvtvvvvvvvvvminm6 332=i00900j2705coq040020 333=g800000h2r1vnvvvvvu 334=u8evfvvvpgvvvvvnvvvu "
    "335=fs7orvvoq1tvsh7q0ro8 336=hvnls0v13605rjvvvvu 337=3nvvnvv04vevg03vvu 338=e19v7fddvvvrvj791fnu "
    "339=r0f3v717vvgb7snvvvv 340=rvvvqfu39v0uvv1v0run 341=3fvo01mtvu 342=1fvnflvh03gfvvovv7vu "
    "344=86svvv1j0fv62vob0000 346=d7pvkos33s00u0000rvu 347=40v0cfg7r8vvmig01u10 349=7nfugs00evv000000000 "
    "350=eildsv8vfurvbu0fjr7g 351=fvre0303usnbfrvm00 352=vvvfs12bhojtfvrvvvvu 354=377frqvucuv0000007u "
    "355=s7nvv1phvrv0000000u 356=g0004v070vv90v07vvge 357=3uvvvnvng0000000 358=vo0000000000000g3vvu "
    "359=1urruevuv000000007u 360=esfp6vm4uvfvvvt79r8 361=200400000071v1rvvvu 362=1vuvvfr000000017u "
    "363=3r070fjp030fuv1u 364=f7r47fqjmj4n30002 365=15vvmsnrbtvrdvu9elu 366=1bp01309040j0996vfvu "
    "367=d3s38vuqvpna4ef000e 368=lnvfrvg00700000u 369=16jdci 370=f3vdvvvvv7uv7vvtrv00 371=3vrpm770frvfvs6r302 "
    "372=1vvflsnvvvu 373=eitvvrnvnvtfvvvvfvvu 374=100000mjnvu 375=g00000002 376=gnev00htu11v0013fg1m "
    "377=svjt7s9scfnunrt2 378=7f7uvvv4uvb03rnrrmu 379=f10000000101ovsvvkg6 380=89n3ubttvnmhtqvnem "
    "381=4peu5ofak7d6vvflvvvq 382=20203vq07ffnv0002 383=fs7vnvev6fvuvujfr9e 384=fefuovnvg000100006 "
    "385=tftvttvvtu0000003u 386=39nvrqpnnutvvfsjie 387=7autniqrhuf3f000u 388=1vrrtv7uqpovj000u 389=7vtvvr11vv7o06 "
    "390=flefsumfui7vo0000000 391=vgfnrvfuvrh0107nrs0 392=a0qs06g001003410ffvu 393=7vrlf6v5ft00lu "
    "394=fvh3vn60fm0ve006u 395=10026uvvbc011vh7007e 396=vu6sta9fg0000e 397=2em5jv7rn100011u "
    "398=40304166gm376kvot800 399=2 400=f3vfv7v36e7dovuo 401=f337ld3t00g6t3sg 402=vvlf05q2vf1e0epvvvvu "
    "403=77pin2fvbe5mh8kmf00 404=14qi3c8j24fl4g0cg1hs 405=828fvg00112g282s7vvs 406=7o00u 407=2g8hh1v4hgg0006 "
    "408=p9cbglp03upr9ea 409=l08ek41k9airh74a1o2c 410=vu3b3u1ujurvlr16vnfu 411=gbhqqhg0iuh4oi0g16 "
    "412=idt7h018n2kig0q 413=413000fl06c0oc004r42 414=441gg20008320880 415=6evtosttielks0e 416=m9hbld3706j47u "
    "417=fs2tgin9j2legs06 418=6p0tpvubml50g 420=fuq3irbrtjvetv000e 421=36pmu071rst000u 422=f93o36ik032k0bnj6m "
    "423=fnui3ntostfv000u 424=vvf1n6201gbqs 425=7g880ig880q00e 426=8k49qg0000c 427=8k201ktoqf0eqnvc06 "
    "430=883vevvnbhfj7fvevrvu 431=rg00001tfvvtf1f8nfne 432=g240g7b102013nuvvvnu 433=1u3vvfv3vvj66 "
    "434=vte7nfvv012tfc 435=3n1fvtf7vvvv73m 436=k0060063mk001009vvvq 437=audseenvlu1rvdvua06 438=1t658m061s "
    "439=bq6vcu0ffvtvf17tve 440=ntvn6tdn7tvjjdau471q 441=tvp2800000nvvvvvvvvu 442=f7bt3lbr0f7v0u7n0e "
    "443=q800040000000ob7nvvu 444=fbu0b011vjvu7ttffbu 445=100000001vnu 446=lbtfv7nfmvfruvvntvu2 "
    "447=g0000040010011038jvu 448=1sf9j7nnrvvu9flfqlk 449=g000000000000000007u 450=3vu3v0vit309u1u "
    "451=6mulvtfl9f0fpv7e 452=q0015rss9vvvvvvvvuvu 453=1tvcvtfqvvvvvfvvnvu 454=106h1g8ogo3lvutvtrv 455=3u "
    "456=vtfvtugfuvftarovus02 457=utvfuj013vhkkrnv02 458=vrvvnvvvrrrrvfe7ntvm 459=g0000000000000000000 "
    "460=147ntvf7tjvv00fu02 461=402v3ffvfjut1bvvdf7s 462=b39ddga5jrlnnjvvurvu 463=v1vnub335v7005vg7cu 464=3vu "
    "465=11070v5e3t3tuneg7rem 466=g001000100005gahno0i 467=vuvvuvnrh1ffcf1a0r3u 468=v01000vvvv101010rgvu "
    "469=bnvltjd7sf7fvfqfnv0u 470=1000fvv1vu72a 471=g1005l7v037vvvjtvnek 472=f0t1r01np3nvp000e "
    "473=2tfv1ru7vubnvj7l00fs 474=10003ttvuravvmj00fu 475=e3bjvocmefn676tvjs02 476=801310gs1trg1vv02 "
    "477=14jnvdnjvbu 478=1nrnrvvvv7ev0006tu 479=7vuvdjvttnqvvtrve0nu 480=vvrvjvvvhjvvvtfe5knu "
    "481=dfvtvpvnsv3rvrfvfvvq 482=80t4vh100tvvvvvvvu 483=4b6f7j6fm9ef3vvvfvuu 484=13fvvfrjnvtufvv02 "
    "485=nv0006g0g0nu 486=200h4evvk7fvvvvvvu 487=4001vvvhvvvvvv01fa 488=7vvvvv7vvvvvfvnvvevm "
    "489=10000230049gmvfq2 490=vvtvvvvvffffvvuvvvvu 491=1v3ne6u 492=vumnvuvvv7vtsj000u 493=72vvvfvfvnnu "
    "494=8rvvrv7jvvvfru 495=g080000111ag0h98rlvu 496=21rtnpfpnrrtvvvfvv02 497=nfbvnhrnnevpvpvvvfn2 "
    "498=3u7ruvbu9st3vqn7vkf6 499=3tvpdf49jl7vf9e 500=g000bvvvvnuvvuvf0vve 501=rvvfvvvvvvtv7vu "
    "502=furuvnuvvvvduve2 503=fu0300svg041jvtvvvvu 504=vvfvjvvujrver0006 505=tvbevrvfumbvrfvvvj02 "
    "506=77vvntvtubvvviuvu 507=6u 508=vsqvfnb000002 509=f0000014120000000 510=fbvvjvrvtrnvu 511=2ru "
    "512=1vvtn000002 513=3pdj7v8q000002 514=7fpvvvif000002 515=a00vf3vvvrv7vvb010e 516=2vv1u700000e "
    "520=g000vvrh6tvvvf00000u 521=17rvvimn3s000002 522=5uvv7etvvvvu 523=6rvvnvtvvvtv6 524=s00000000000000003vu "
    "525=1rbr6vvf7votfr000002 526=1vvvnt77rg002 527=euv3vvv4uvu70002 528=vu 530=tvrfrtjvu7vlvumvvvfu "
    "531=hnvuu7c0uvuvs5v7phpu 532=19808gc8g00g5ofvvvvu 534=fu 535=vpvvvvjfvrvvfvvff7fu 537=vrssg00000g0030vqfu "
    "538=7jefvu 539=pvvvuvnvvtib02 540=40000000000fv7rnu 541=55rj7nvgbv3vrhv6u 542=731lu37vtm 543=g000g0afu "
    "544=pvvnjvntvnufntvvfvvu 545=bvvlffunnjlu02 546=1nnvvrvvnvvrv0e 547=vvvvjvfvvvv000e 548=3bo13vdmvpvvvlunut32 "
    "549=13vujvv65vv7vuehuiu 550=5ttvvv97unvefnjuvve 551=2c057ri113g0bvvvvvu 553=vvvvvvvvvtvvvvtvvvvu "
    "554=fpotc1phvvvvvvvvvu 555=vvvvvvvvvv0000000000 556=3snu 557=ff7vl6vpefvmbv3vufvu 558=3nfu "
    "559=7denvtvnvnvjunvs5ju 560=ebtv9updfnfunvvvmrme 561=7bfvvnvfnvumtfvr02 562=7utvur7tfeprn7vvrns2 "
    "563=v8vmvusvvtlvrvvrvvsu 564=mttvirduvfr100002 565=vvrvvvf6vvvfqtvvj06 566=fvqfuftvmimruag002 "
    "567=fvj8nfuvv3r02 569=o01v0fvg011g1801108m 570=vfvuvvvfvvvnft7u 571=fsq0000000000000c1vq "
    "572=qvrvvevevu7rus02 573=g03vjrvurprnlnrulu02 574=2nvv37nr7vtun0006 575=1hmnuthecreuof0002 576=3u7rnqv3f0002 "
    "577=gvddjdmvrndid51lugie 580=2vmtvuuvfbfk2fevm 581=3m00vs 582=6fvn7vjgrvbttqlfu 583=3nklve7ebqp7lqub02 "
    "584=7levvk6rbm9vqbrvb816 585=3nfrvokhn9for007u 586=3vnvqn7f0006 587=1tturfpfv5aj7r5eaf5u 588=2slo9b00000e "
    "590=vuvvvutt6qvvvlrveu 591=7mfu 592=3p0fvtcv033etu02 593=qlqud6svu02 594=ntkmvv6vev3t5nun3u 595=7ld7vv0002 "
    "596=dvru3p000m 597=e07rnvbjftnvr4e 598=1vfprqfv5vvr04eu 599=7vvfvv0q 600=vvvuvvtn3bvvtrj7vvvm "
    "601=nvvrvvpvnvfvvvrvvfvu 602=10000000000000000ou 603=g000000000000000001u 604=g34nvvvvvvvvvvrvv7uu "
    "605=s03005vrvvrvun7fvv7u 606=nrvntpqrnunvuvrvvvvu 607=k62 608=40001o 609=puvvvrnrvuntv02 "
    "610=2tjtvdvkvuuu7djrve2 611=7301nvu 612=g01uvt3vun0vvv00000i 613=vvsvqprnfvvvvv02 614=3rtvvv5pvsfvvfvvv06 "
    "615=7tvptfvnvrpm002 616=3v0avph03v7u 617=g300fvgjrvtvvvvv01hm 618=tfv3svvvvgv3nfv0e 619=7agvefphkv00 "
    "620=dvvvvjlfqvvh7vfuvvi6 622=dsrnturvvtvvuv3vvgfu 623=1rp7fvuvrqhjriu32 624=3vqvvonvvrufvsr02 "
    "625=fdbfrvrvv3vtt02 626=1vpu5vfvj3gtprvmdf02 627=2i2260nu6020i02ejefu 628=vvvvvnvvvvqvvvtvvnva "
    "629=vtdsnvnvvvufpvevvlve 630=g3shkvr37ftvuvbvnv32 631=v185s2mpf37rvvvvvvvu 633=1vvu9vekfvuqt00000u "
    "634=uvvuvffvv000002 635=7bv6vrvv000002 636=1p3t3r91efvv0002 637=5vjjmp97ftv500000e 638=7vpud5fv3kpvv0002 "
    "639=7v7v1vvu000006 640=edrvvvvvfv817honvu06 641=vvdpg7fufvviuvvruvr6 644=uvnvnrvavqvvuvuv0006 645=fu "
    "646=qfivcjvvvvvf9t0002 647=1orq7nej5fvppbt0002 648=pvuvpsv3v00000u 649=g0000000000g00000000 "
    "650=1vvkvupvufvk3per02 651=3vu 652=g07vrh1vvjepmf00f61e 653=11jthvtnv0016 654=2og9aumcirq00000g6 "
    "655=3qt037hn5ae3kg00002 656=5r7jsuvftvjfvntvvvq 657=bvqvvvnns7ntvvv5vfm 658=s1000000000000004hvu "
    "660=5vf9vf6vavvvjf7rvte4 661=100000000tfju 662=3ci0000300007vvvvu 664=2g7qmvtvuuu 665=luvvuevflve "
    "666=g40810400c4461rnvnvq 667=fvfkfvqqfrs9h6v02 668=frvvvjdpp000002 669=1evrervvd000002 670=vffvvl6v3rvudpu "
    "671=jnmtdu4tsnvu 672=f001000015ebvvvu 673=r7unn7t000002 674=75vbpehvnvuu7dde106 675=1qrtfrmtfo01jvrv1m "
    "676=1ulrurvttmve0002 677=meetrvv000002 678=5u3tvlrivvi000002 679=v0000000012 680=fvuv1fnurrdvhtu "
    "681=c00fr40g5k5kvvctuvvu 683=7v7fntnvvvfvvvplq 684=7vftfvurovvpnu 685=880000000k06uv6lvu 686=nvpusvfuuv0006 "
    "687=7vrurvrvevfrvvtvr06 688=ervjvrtvvfufvft0e 689=7vvmjvlvvvtvt0006 690=3vutvv0002 691=10003vf7vvv9vtf000a "
    "692=3un02 693=7bfvfbnq000002 700=6v7vrfttvvkruf0003ju 701=11nuvl7vuvrfg3vuvs00 703=5v035u0rvs3vg0000106 "
    "704=3nvvvvufqm7000u 705=bejvf3gdrnqvduvvvvvv 706=pvvvfpsvg036n6 707=6vtftlvntsputvepn6g "
    "708=bu0ogo0000007a7fvvvu 710=5pfvr97vpsvsqq0uu 711=63u2vo0fpg1pfvu 712=1m2nndqrirlfdtnfsfse "
    "713=davfvrbfirvt30me 714=6039luvfvlubpvvsvjnq 716=fj7fvu6tp3000e0e 717=5bsovtt03bn0202 718=3ntu7nvufd0006 "
    "719=o0000frnufhv5cgf0pge 720=g0vvrtvrtefvvvvvvv7u 721=o1gfr9vhedhfnvvvvvfu 722=100000011000025ennnu "
    "723=3nmomtvhpve7rfvnjf0a 724=4rvnnvrlvvvvmnv1u 725=5qvevn3p3tuvvvlc0a 726=7dl5qftr9vrvqona06 "
    "727=2prneelnvts6vu0u 728=19fu7fttur0606 729=v7vrfteauobu 730=vtjttvvuvvtvqvvvvvvu 731=vphgpdltnvvvnnvvvvvu "
    "733=g00000002 734=2c2000brruvvt10000e 735=fvnvvuvuvuf007e 736=8uvpjfmo4fl0002 737=favvpmuvrulu03e "
    "738=1te8v9k000006 739=103nkse000002 740=1vvvefrvfuvvufvvbu 741=sms07g0vdv27vu3nlfu 743=1vvplnttf000002 "
    "744=47tvvn7nvnve000e 745=enlfvsndbrpe0006 746=f6r6f00000m 747=2jjtdbfruv0006 748=r9evhnnptmvnj800m "
    "749=3tnqvvn7000006 750=svvffntvuvvvvtvvnrm6 751=l70cvrvvuvdk7rvhju 752=7o517v8vvvfvvvvnvu "
    "753=fvu7qvcpvo0tig291d0a 754=7vvfvvo7vvuvvurvfvku 755=g0000vvvrj000000005q 756=uvv07ufuv5vub0010fu "
    "757=s7ptof3tvn0000000fvu 758=2l0017rfvhpu00000e 759=101vsrvqiquvvr0100u 760=vsfkcbfrpvorjq8fvvvu "
    "761=vf17k02u11c17vmvvvvu 762=g0000ffupfvjopf001vu 763=phkvnp4m00000003v6 764=37q3nvvttrsnfmg0006 "
    "765=u000srniuhvvsrftoa9u 766=fnnqb7j7vpvvvuu0000 767=t0000000000000003nfu 768=1ftdvjmvspm6mdr000u "
    "769=dbhbnt0000ru 770=vvvvvvvvvvvvvvvvvvvu 772=uvvlvvvfvvvvfrvvvdvu 773=iavvvuttvvvvvuf1b03u "
    "774=euvvvrvrvvvv7vqdtv6m 775=c7fvdubv1vn6rv0fvnfu 776=11vn30fg7nsnu00 777=3109vu 778=7rfvund1vfr0000fe "
    "779=1rusvrsv4j000000001u 780=3vnvvljvg0vunvvu 781=vjnfv1f1uvusm 782=vuvpp1rvvvvvvvvvvvvu "
    "783=blvnvovtfkvrd000000 784=1fvvb00000060vvvu 785=vvrtvtvvsftfv02f201u 786=20f7vnvvvbvrvuvvvvk "
    "787=o0rbosvvvvvmvvvvvvpu 788=3rkf030f4futs00006 789=fmvvv9u000000 790=fufvsdbuuu3vjulmrvte "
    "791=l08ka0g000000jujvu 792=2v7drnrnb0002 793=fufmpvb7sq3jt2u00 794=gb00000g4c00010o3vvu 795=7f29vrvtv3u7bu "
    "796=s00000000000000000fu 797=rfe5rvrkpvpr03ovfu 798=1uvcvn020000 799=v101a0839vvvfnvtfvfu 800=7nfrfvvv7u "
    "801=3f1300fvvvefvu 802=hr03gq3vm7uqvvvvvnvu 803=oe0hvu 804=c0cfvrvanuutvtvvg00e 805=bnvvtfv7v0u "
    "806=vrtou0v1n0e 807=tjnv7uuf0012 808=2v00033vvvvttm 809=5000410503nvvvvvvvvu 810=7km7akstlnrqplvg7vu "
    "811=5uurfvvv0006 812=10000000ecvnffv1702 813=1nvr000e 814=1vvtrr0e 815=7v007u 816=ftvfvf3r1706 "
    "820=u0f0bpv00000001ve 821=1000000000000000000 822=t00lutt02 823=3mlu0102 824=10f1vaf0n02 825=p3t02 "
    "826=qtv90110hm 827=7lbfn02 828=1lvu000002 829=1uvvhc0006 830=100u06 831=evrv02 832=7aem0e3v3qvtubdvju "
    "833=1tuvftdvau0e 834=vt1nrvbqtv1g3u 835=1svvnb3t0002 836=6167i37vfuvvusn77m 837=g000000060001fvnnuvu "
    "838=6vvjfvvvnt7u3vru 840=fvvvrvvvvvvvvuvvfrvu 841=g1gh0310c7dqqvvvvvvu 842=g00000002 843=3vvvvvvvm 844=1ktu "
    "845=5nvrfbf02 846=5t7uvtvvuv003u 847=30vjv7vvvnvvvrvvv02 850=u07dvvvv1rbvvvvvvvvu 851=v008c00005vt7cfs000 "
    "852=vvvvtuuvvvvvvvfvvvvu 853=35dfvunvvvvvvuvv8fvu 855=vfvjv000006 856=3049tbrvvvvvrve 857=50007nvvvvbvvvvu "
    "859=7vvvt0606 860=s7trvpvf21u 863=20fvvnv1s1u 864=3vvvm00eju 865=305h90011nfs 870=8058vievvfmvvfvvm "
    "871=vv5i2g108q0g021vnvvu 873=101g404000ffnf16 874=g000000210000003vd06 875=k0fvqnleutptftvvvvu "
    "876=g0000000000 877=dnd3vos9v02 878=7tr0002 879=fnb000002 880=2041ebuvvqvvv0evu 881=3t3vrs0e "
    "882=dt3t0n07030b0e 883=1vvvu11qen02 884=jr6mvj02 885=11vvvvvfvpvvrvvrvv00 888=800000000000000000 889=12 "
    "890=7i4h430svvmvvvvvvu 891=ha19s9jvvvvvvvvvvvvu 893=vj02 894=2000000107vnvvvvpvvs 895=h00001005000080bhfvu "
    "897=20u3u 898=8000000001vbv100e 900=jrvvvvvvvvvvvvvvvvvu 901=g0000000010g00000e 902=3v01dl7v1jt7gf0v0fh6 "
    "903=c0000000000000000fvu 904=3vu 905=1vu 906=10307g701sf0v05vu 907=10vt0u0b7v6u 908=h080000008fl1u041pvu "
    "910=4020002f031r67ua 911=g2pk0000000002jqfhvu 912=3m0hvu 913=jtfv665vvv3v5rvnibvu 914=n0040100000020282fvu "
    "915=2e01fu 916=fnvu 917=tfrhbfvurlvrlvgs3jq6 918=i000000000020000000u 919=141u00c03fu1u027vre "
    "920=2fbupnvjvmi1u9vvorso 921=vv6kvvvvptldvvuvvvvu 922=43vfpevvvsvjv7d030e 923=tujkfuroul7nvuvvfvti "
    "924=4o9vfu 925=jfnu074u7uroi706vovu 926=cv9ovs0fvvu041vpvlns 927=g00700000000109007vu "
    "928=g07fs3vvm13vfu1e7mvu 930=go00007v000v3v0v3vnu 931=g100000101010103e3ve 932=77dvnfffnnvtl7vr5fu "
    "933=1vv0000000000000uvu 934=8101rfvvvftuv05ve 935=i72i000fbvjujnusvt1m 936=19vn6vvvvrfvrvvu "
    "937=v2hvu1j115j41vvfnvu 938=800000000g00000000 939=51p0t0dfv14f6 940=v90h3v000vt1fvvr14 "
    "941=g080560vrv7vvvvvvnvu 942=vrvtsqseulvhnlg002vo 943=ju 944=4000000000000000000u 945=v7vfvvvvvfvvvrvvvvve "
    "946=27g0g0001vtvvu 947=105vu 948=100000100fu 949=o000vv3p7vv7sbvt1s0q 950=7b7v3v3uvf3rtvvu "
    "951=2v000d0jvv83rvvvvfqa 952=600000k0dvv76vvvhvvu 953=42vfvtvrfvfrfpvvvvnq 954=4tf72fvvuvrunfvvv5nu "
    "955=10l00bttrvvdemfioi0e 956=vvvvvvvvrvbnvvvrvvvu 957=o000201cs06630an5sga 958=gg40007h0e0ffvvvvu00 "
    "959=eevvvvfvrvvvlvtvt0a 960=nvvhrrtuvnujtutvnrue 961=7fnbf7tvvvvvq 962=400obamls200000jttvv "
    "963=vlvvd403u8u3aehbia 964=4g00600003 965=p000s0045vuvvn07f7vv 966=bu6etvvv41hu0uonnvvu "
    "967=nfrvuvvvnvvvsvv7vtvq 968=8000000bspurv1fvvvvu 969=101070vg6oand00 970=i1v3dtfrpnvvuvvrvu 971=vrfvtuvvue "
    "972=qv2f06u0rv05qftvvvvu 973=2nrrfvvnd7furbnm4vvu 974=vvunvfnuvvuvvnvpnvvu 975=rvvft000u 976=3vt7v000u "
    "977=3qv02vv0707se 978=3t7ptmm1bvvpfpst02 979=1crvu 980=ckc5v9uvv7fvvvvhvvu 981=pjpidjbj9ibiqunmvvvu "
    "982=7vevvv6vvftrvfvv08fq 983=fvfvfvfvvvrtvfvv1n1o 984=ud02427h11fsob0mvevu 985=nfvvn7rvvlenvfel2evu "
    "986=7s1vfv03tvt6rvmvnu 988=5vfvr6vuunu46 989=fevvtjf00su 990=1mvnfuurq 991=13irnrvvurvrruvrlu "
    "992=g0000001a600008pvvvu 993=20fmtvqf9qv0006 994=e 995=g3vbvuvqvvv101gvvrvu 996=5vvvvnvvvvtrvvvvhvvs "
    "997=3rvvvvvvvvvuvnv2nvu 998=1033dnj060e 999=10000veo00a "
)
