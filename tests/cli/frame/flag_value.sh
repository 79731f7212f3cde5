pare help --man=yes
